"""Numbers that are no metric of a task's predictions: what analyses and cost measurements give."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from benchmark.core.registry import Entry, Registry


@dataclass(frozen=True)
class QuantityInfo(Entry):
    """A number that looking into a trained model, or timing one, gives.

    Attributes:
        label: Column head.
        unit: ``fraction``, ``nats``, ``s``, ``parameters``, ``GiB`` or ``GFLOPs``.
        higher_is_better: Direction; None where it has none.
        bounds: Smallest and largest possible value.
        digits: Decimals to print; None prints four significant digits.
        of_task: Whether it is about one task; else columns name none.
    """

    label: str = ""
    unit: str = "fraction"
    higher_is_better: bool | None = None
    bounds: tuple[float, float] = (0.0, 1.0)
    digits: int | None = 3
    of_task: bool = True


def _cost(label: str, unit: str, summary: str, digits: int | None = None) -> QuantityInfo:
    return QuantityInfo(
        target="",
        label=label,
        unit=unit,
        summary=summary,
        higher_is_better=False,
        bounds=(0.0, inf),
        digits=digits,
        of_task=False,
    )


def _seen(label: str, summary: str, unit: str = "fraction", top: float = 1.0) -> QuantityInfo:
    return QuantityInfo(target="", label=label, unit=unit, summary=summary, bounds=(0.0, top))


QUANTITIES = Registry(
    "quantity",
    {
        "agreement_share": _seen(
            "Share", "share of samples by agreement of the experts and rightness of the model"
        ),
        "expert_weight": _seen("Weight", "mean weight of an expert in the model's prediction"),
        "modality_share": _seen("Share", "contribution of a modality to the prediction"),
        "pid_synergy": _seen(
            "Synergy", "information that two modalities give only together", "nats", inf
        ),
        "pid_unique": _seen("Unique", "information that only one modality gives", "nats", inf),
        "train_seconds_epoch": _cost("Train, s / epoch", "s", "training steps of one epoch"),
        "train_seconds_batch": _cost("Train, s / batch", "s", "one training step"),
        "inference_seconds_pass": _cost("Inference, s", "s", "forward passes over the test part"),
        "inference_seconds_batch": _cost("Inference, s / batch", "s", "one forward pass"),
        "gflops": _cost("GFLOPs", "GFLOPs", "arithmetic of a forward pass, per sample"),
        "peak_memory": _cost("Peak memory, GiB", "GiB", "device memory in use while training"),
        "parameters": _cost("Parameters", "parameters", "all parameters, encoders included", 0),
        "parameters_fusion": _cost(
            "Parameters (no encoders)", "parameters", "parameters outside of encoders", 0
        ),
        "parameters_encoders": _cost(
            "Parameters (encoders)", "parameters", "parameters of the encoders", 0
        ),
    },
)
#: Counted without data or training, at the scale of the paper.
COUNTED = frozenset({"parameters", "parameters_fusion", "parameters_encoders"})


def is_quantity(metric: str) -> bool:
    """Tell whether a metric id is a quantity, which no task's predictions give."""
    return metric in QUANTITIES


def quantity_info(metric: str) -> QuantityInfo:
    """Return the catalogue entry of a quantity; UnknownNameError suggests near misses."""
    entry = QUANTITIES.entry(metric)
    if not isinstance(entry, QuantityInfo):
        raise TypeError(f"quantity {metric!r} must be registered with a QuantityInfo")
    return entry
