"""Looking into mixtures of experts: what each expert says alone, how much it counts, who agrees.

A model offers its experts in ``Output.info``: ``expert_names`` (E names), ``expert_logits``
(E, B, C), and ``weights`` (B, E) if it has some. Where it has several tasks, the latter two are
mappings by task.

Definitions of agreement and of the figures: Xin et al., "I2MoE" (ICML 2025), Table 3, Figures 3-5;
the code behind the table is not released, so the definition is inferred from its text: an expert's
decision is that of its own logits on unmasked inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from benchmark.core.errors import UsageError
from benchmark.core.problem import Task
from benchmark.core.result import MetricRow, Part, Pick
from benchmark.measures._base import Analysed, Trained
from benchmark.measures.config import ExpertAgreementConfig, ExpertsConfig
from benchmark.metrics._base import THRESHOLD
from benchmark.training.evaluate import metric_rows

_PARTS: tuple[Part, ...] = ("val", "test")
#: Kinds of task whose scores are decisions in the end.
_DECIDED = ("binary", "multiclass", "multilabel", "regression")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """A part of the data as a mixture saw it, for one task.

    Attributes:
        names: Of the experts.
        logits: (N, C) of the mixture.
        experts: (E, N, C) logits of each expert.
        weights: (N, E); None where the model gives none.
    """

    names: tuple[str, ...]
    logits: torch.Tensor
    experts: torch.Tensor
    weights: torch.Tensor | None


def experts(trained: Trained, config: ExpertsConfig, others: Sequence[Trained] = ()) -> Analysed:
    """Score every expert alone by every metric, head ``expert:<name>``, and keep its weights.

    Rows: the model's own metrics (head ``main``), those of each expert, and ``expert_weight``, the
    mean weight of an expert over the samples. Samples (test part; tasks with one prediction per
    sample): ``task``; truth ``y0 ..``; ``mixture:<c>``; ``logit:<expert>:<c>``;
    ``weight:<expert>``.

    Raises:
        UsageError: The model gives no experts.
    """
    rows: list[MetricRow] = []
    tables = []
    for part in _PARTS:
        for name, seen in _see(trained, part).items():
            rows += _expert_rows(trained, part, name, seen)
            if part == "test" and seen.logits.ndim == 2:
                tables.append(_expert_samples(trained, part, name, seen))
    return Analysed(tuple(rows), pd.concat(tables, ignore_index=True) if tables else None)


def expert_agreement(
    trained: Trained, config: ExpertAgreementConfig, others: Sequence[Trained] = ()
) -> Analysed:
    """Divide labelled samples by agreement of all experts and rightness of the mixture.

    A decision is the highest logit (multiclass), a probability >= 0.5 (binary, and each label of
    multilabel), or the sign (regression: value > 0). Experts agree if all decide the same (all
    labels of a multilabel task); the mixture is right if its decision is the truth. Rows:
    ``agreement_share`` with subgroups ``agree_correct``, ``agree_wrong``, ``disagree_correct`` and
    ``disagree_wrong``, which add up to 1. Samples (test part): ``task``, ``agree``, ``correct``.

    Raises:
        UsageError: The model gives no experts, or no task has decisions to agree on.
    """
    rows: list[MetricRow] = []
    tables = []
    for part in _PARTS:
        targets = trained.data.targets(part)
        for name, seen in _see(trained, part).items():
            task = trained.data.component.task(name)
            if task.kind not in _DECIDED:
                continue
            known = _labelled(targets[name])
            agree, correct = _agreement(trained, task, seen, targets[name])
            rows += _shares(trained, part, name, agree[known], correct[known])
            if part == "test":
                columns = {"task": name, "agree": agree, "correct": correct & known}
                tables.append(trained.samples(part, {**columns, "labelled": known}))
    if not tables:
        kinds = ", ".join(f"{task.name} ({task.kind})" for task in trained.tasks)
        raise UsageError(f"there are no decisions to agree on in {kinds}")
    return Analysed(tuple(rows), pd.concat(tables, ignore_index=True))


def _see(trained: Trained, part: Part) -> dict[str, Seen]:
    """Run the model over a part and join what its experts say, by task."""
    pieces: dict[str, list[Seen]] = {}
    for _, output in trained.outputs(part):
        if "expert_logits" not in output.info or "expert_names" not in output.info:
            raise UsageError(
                f"{trained.spec.model.name} has no experts to look at",
                "it must give expert_names and expert_logits in Output.info",
            )
        names = tuple(output.info["expert_names"])
        for task, logits in output.logits.items():
            said = _of_task(output.info["expert_logits"], task).float()
            weights = _of_task(output.info.get("weights"), task)
            pieces.setdefault(task, []).append(Seen(names, logits.float(), said, weights))
    return {task: _joined(found) for task, found in pieces.items()}


def _of_task(value: Any, task: str) -> Any:
    return value[task] if isinstance(value, Mapping) else value


def _joined(found: Sequence[Seen]) -> Seen:
    weights = [one.weights.float() for one in found if one.weights is not None]
    return Seen(
        names=found[0].names,
        logits=torch.cat([one.logits for one in found]),
        experts=torch.cat([one.experts for one in found], dim=1),
        weights=torch.cat(weights) if weights else None,
    )


def _expert_rows(trained: Trained, part: Part, task: str, seen: Seen) -> list[MetricRow]:
    usual = Pick(scenario=trained.label)
    rows = metric_rows(trained.data, part, {task: trained.scores(task, seen.logits)}, usual)
    for index, name in enumerate(seen.names):
        pick = usual._replace(head=f"expert:{name}")
        scores = {task: trained.scores(task, seen.experts[index])}
        rows += metric_rows(trained.data, part, scores, pick)
        if seen.weights is not None:
            rows.append(
                MetricRow(
                    **pick._asdict(),
                    part=part,
                    dataset=trained.data.component.dataset,
                    task=task,
                    metric="expert_weight",
                    value=float(seen.weights[:, index].double().mean()),
                    n=len(seen.weights),
                )
            )
    return rows


def _expert_samples(trained: Trained, part: Part, task: str, seen: Seen) -> pd.DataFrame:
    truth = trained.data.targets(part)[task].reshape(len(seen.logits), -1)
    columns: dict[str, Any] = {"task": task}
    columns |= {f"y{c}": truth[:, c] for c in range(truth.shape[1])}
    columns |= _numbered("mixture", seen.logits)
    for index, name in enumerate(seen.names):
        columns |= _numbered(f"logit:{name}", seen.experts[index])
        if seen.weights is not None:
            columns[f"weight:{name}"] = _array(seen.weights[:, index])
    return trained.samples(part, columns)


def _numbered(name: str, values: torch.Tensor) -> dict[str, Array]:
    return {f"{name}:{c}": _array(values[:, c]) for c in range(values.shape[1])}


def _array(values: torch.Tensor) -> Array:
    return np.asarray(values.double().cpu().numpy(), dtype=np.float64)


def _agreement(
    trained: Trained, task: Task, seen: Seen, target: Array
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (N,) whether all experts decide the same, and whether the mixture is right."""
    said = [_decisions(task, trained.scores(task.name, one)) for one in seen.experts]
    mixture = _decisions(task, trained.scores(task.name, seen.logits))
    truth = target.reshape(len(mixture), -1)
    if task.kind == "regression":
        truth = (truth > 0).astype(np.float64)
    alike = np.stack([(one == said[0]).all(axis=1) for one in said])
    return np.asarray(alike.all(axis=0)), np.asarray((mixture == truth).all(axis=1))


def _decisions(task: Task, scores: Array) -> Array:
    """Return hard decisions, (N, 1) or (N, L), as numbers that equal targets where right."""
    wide = scores.reshape(len(scores), -1)
    if task.kind == "multiclass":
        decided = wide.argmax(axis=1)[:, None]
    else:
        decided = wide > 0 if task.kind == "regression" else wide >= THRESHOLD
    return np.asarray(decided, dtype=np.float64)


def _labelled(target: Array) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(target.reshape(len(target), -1)).all(axis=1), dtype=np.bool_)


def _shares(
    trained: Trained,
    part: Part,
    task: str,
    agree: NDArray[np.bool_],
    correct: NDArray[np.bool_],
) -> list[MetricRow]:
    n = len(agree)
    groups = {
        f"{how}_{what}": (agree == (how == "agree")) & (correct == (what == "correct"))
        for how in ("agree", "disagree")
        for what in ("correct", "wrong")
    }
    return [
        MetricRow(
            part=part,
            dataset=trained.data.component.dataset,
            task=task,
            scenario=trained.label,
            subgroup=name,
            metric="agreement_share",
            value=float(among.sum()) / n if n else None,
            reason="" if n else "no labelled samples",
            n=n,
        )
        for name, among in groups.items()
    ]
