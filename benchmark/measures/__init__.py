"""What is done with trained models besides scoring them, and what models cost.

An **analysis** is a function ``(trained, config, others) -> Analysed`` over the model of the first
parent (``trained``) and those of further ones; of the family ``measure`` it is a function
``(spec, context, config) -> Outcome`` that times or counts and has no parent. A **scenario** is a
class that changes what a model is given. Names map to strings; torch is imported when one is used.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.core.registry import Entry, Registry


@dataclass(frozen=True)
class AnalysisInfo(Entry):
    """A registered analysis.

    Attributes:
        gives: Quantities it gives (``benchmark.metrics.QUANTITIES``).
        scores: Whether it gives metrics of the tasks as well.
    """

    gives: tuple[str, ...] = ()
    scores: bool = False


def analysis_info(name: str) -> AnalysisInfo:
    """Return the entry of an analysis; UnknownNameError suggests near misses."""
    entry = ANALYSES.entry(name)
    if not isinstance(entry, AnalysisInfo):
        raise TypeError(f"analysis {name!r} must be registered with an AnalysisInfo")
    return entry


ANALYSES = Registry(
    "analysis",
    {
        "experts": AnalysisInfo(
            target="benchmark.measures.experts:experts",
            config="benchmark.measures.config:ExpertsConfig",
            summary="every expert alone scored as the model is, and its weight in each sample",
            family="evaluate",
            gives=("expert_weight",),
            scores=True,
        ),
        "expert_agreement": AnalysisInfo(
            target="benchmark.measures.experts:expert_agreement",
            config="benchmark.measures.config:ExpertAgreementConfig",
            summary="shares of samples by agreement of the experts and rightness of the model",
            family="evaluate",
            gives=("agreement_share",),
        ),
        "cost": AnalysisInfo(
            target="benchmark.measures.cost:cost",
            config="benchmark.measures.config:CostConfig",
            summary="seconds of training and inference, arithmetic, device memory",
            family="measure",
            result_version=2,  # 2: norms are no arithmetic that keeps a model from being counted
            gives=(
                "train_seconds_epoch",
                "train_seconds_batch",
                "inference_seconds_pass",
                "inference_seconds_batch",
                "gflops",
                "peak_memory",
            ),
        ),
        "parameters": AnalysisInfo(
            target="benchmark.measures.parameters:parameters",
            config="benchmark.measures.config:ParametersConfig",
            summary="numbers of parameters, counted without allocating any",
            family="measure",
            gives=("parameters", "parameters_fusion", "parameters_encoders"),
        ),
    },
)

SCENARIOS = Registry(
    "scenario",
    {
        "drop": Entry(
            target="benchmark.measures.drop:Drop",
            config="benchmark.measures.config:DropConfig",
            summary="modalities taken away from every sample",
        ),
    },
)
