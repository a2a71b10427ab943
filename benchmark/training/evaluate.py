"""Predictions and metric rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmark.core.batch import Batch
from benchmark.core.errors import DivergedError
from benchmark.core.result import USUAL, MetricRow, Part, Pick
from benchmark.metrics import METRICS
from benchmark.metrics.evaluate import evaluate, metric_form, metric_info
from benchmark.models._base import Model
from benchmark.training.data import RunData

Scores = Mapping[str, NDArray[np.float64]]


def predict_logits(
    model: Model, batch: Batch, device: str, batch_size: int, precision: str = "fp32"
) -> dict[str, Tensor]:
    """Score all samples of a part in evaluation mode, ``batch_size`` at a time.

    Returns:
        (N, C) float32 logits on ``device`` by task.

    Raises:
        DivergedError: A logit is not finite.
    """
    model.eval()
    chunks: list[Mapping[str, Tensor]] = []
    positions = torch.arange(batch.size, device=batch.rows.device)
    with torch.no_grad(), autocast(device, precision):
        for index in positions.split(batch_size):
            chunks.append(model(batch.select(index).to(device)).logits)
    joined = {task: torch.cat([one[task] for one in chunks]).float() for task in chunks[0]}
    for task, logits in joined.items():
        if not bool(torch.isfinite(logits).all()):
            raise DivergedError(
                f"logits of task {task!r} are not finite", "lower the learning rate"
            )
    return joined


def autocast(device: str, precision: str) -> torch.autocast:
    """Return the context of forward passes: bf16 where asked for, else nothing."""
    kind = device.partition(":")[0]
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=precision == "bf16")


def metric_rows(
    data: RunData,
    part: Part,
    scores: Scores,
    pick: Pick = USUAL,
    among: NDArray[np.bool_] | None = None,
) -> list[MetricRow]:
    """Compute every metric that exists for each task's kind on one part.

    Args:
        data: The run's rows.
        part: Which of them.
        scores: By task, in the form metrics take; tasks without scores are left out.
        pick: What the rows are called: scenario, subgroup, head.
        among: (n,) samples of the part that count; None is all.
    """
    targets = data.targets(part)
    chosen = slice(None) if among is None else among
    rows = []
    for task in (one for one in data.component.tasks if one.name in scores):
        whole = metric_form(task, targets[task.name], scores[task.name])
        truth, score = (one[chosen] for one in whole)
        for metric in METRICS:
            if task.kind in metric_info(metric).kinds:
                found = evaluate(metric, task.kind, truth, score)
                rows.append(
                    MetricRow(
                        **pick._asdict(),
                        part=part,
                        dataset=data.component.dataset,
                        task=task.name,
                        metric=metric,
                        value=found.value,
                        reason=found.reason,
                        n=found.n,
                        n_pos=found.n_pos,
                        version=metric_info(metric).result_version,
                    )
                )
    return rows


def prediction_table(data: RunData, part: Part, scores: Scores) -> pd.DataFrame:
    """Return one row per task and sample.

    Columns: ``part``, ``dataset``, ``task``, ``sample_id``, ``group_id`` (patient); the truth
    ``y0`` (class, or value of a regression), ``y0 .. y{L-1}`` (labels of a multilabel task) or
    ``y0``, ``y1`` (time and event of a survival task), NaN where unlabelled; the scores ``s0``
    (probability of class 1, predicted value, or risk) or ``s0 .. s{C-1}`` (classes or labels).
    Of masks, pixels are counted: ``y0 .. y{C-1}`` of each true class, ``s0 .. s{C*C-1}`` of true
    class i predicted as j at i * C + j.
    Tasks with fewer outputs hold NaN in the columns they lack. Ids of credentialed releases are
    keyed hashes.
    """
    targets, ids = data.targets(part), data.stored_ids(part)
    frames = []
    for task in data.component.tasks:
        names = {"part": part, "dataset": data.component.dataset, "task": task.name}
        frame = pd.DataFrame({**names, **ids})
        pair = metric_form(task, targets[task.name], scores[task.name])
        truth, score = (one.reshape(len(frame), -1) for one in pair)
        columns = {f"y{c}": truth[:, c] for c in range(truth.shape[1])}
        columns |= {f"s{c}": score[:, c] for c in range(score.shape[1])}
        frames.append(frame.assign(**columns))
    return pd.concat(frames, ignore_index=True)
