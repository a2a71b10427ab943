"""A made-up one-year-mortality release in the layout of I2MoE's MIMIC folder.

Prevalence, the width of laboratory values and their share of gaps (94 %) are the published ones.
Factors are planted as ``_factors`` says; notes are dense, codes are multi-hot, and a few patients
have no note or no code at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.datasets.mimic_mortality import LABELS, MODALITIES, SPLIT, WIDTHS
from benchmark.datasets.synthetic._factors import (
    Factors,
    Plan,
    Values,
    class_labels,
    counts_of,
    embed,
    enough,
    plant,
)
from benchmark.datasets.synthetic._parts import draw_parts, part_lists

GENERATOR_VERSION = 2

PREVALENCE, GAPS = 0.226, 0.942
MECHANISMS = {
    "unique:lab": 0.15,
    "unique:note": 0.15,
    "unique:code": 0.1,
    "shared": 0.35,
    "synergy": 0.25,
}
#: Length of a step of a factor, in standard deviations of the noise; gaps hide most of lab's.
_SIGNAL = {"lab": 1.5, "note": 0.8, "code": 0.8}
#: Share of patients without any note, without any code.
_WITHOUT = {"note": 0.012, "code": 0.02}


def write_release(
    root: Path,
    truth: Path,
    size: int,
    seed: int,
    mechanisms: Mapping[str, float] = MECHANISMS,
) -> None:
    """Write labels, three tensors and the split of ``size`` patients.

    Args:
        root: Folder of the release.
        truth: Folder of ``factors.csv``.
        size: Patients.
        seed: Of everything drawn.
        mechanisms: Weight by mechanism; ``synergy`` is of lab and note.
    """
    import torch

    enough(size, 40, "patients")
    plan = Plan(MODALITIES, 2, mechanisms, ("lab", "note"), seed)
    label = class_labels(counts_of(size, (1 - PREVALENCE, PREVALENCE), 4), plan.rng("labels"))
    factors = plant(plan, label)
    ids = np.sort(plan.rng("ids").choice(np.arange(10_000_000, 20_000_000), size, replace=False))
    table = pd.DataFrame({"subject_id": ids, "one_year_mortality": label})
    table.to_csv(root / LABELS, index=False)
    for name, values in _tensors(plan, factors).items():
        torch.save(torch.from_numpy(values.astype(np.float32)), root / f"{name}_x.pt")
    parts = draw_parts(label, (0.7, 0.15, 0.15), plan.rng("parts of patients"))
    text = json.dumps(part_lists([int(one) for one in ids], parts))
    (root / SPLIT).write_text(text, encoding="utf-8")
    factors.write(truth / "factors.csv", ids.tolist())


def _tensors(plan: Plan, factors: Factors) -> dict[str, Values]:
    dense = {
        name: embed(
            factors.shown[name], plan.classes, WIDTHS[name], plan.rng("values", name), _SIGNAL[name]
        )
        for name in MODALITIES
    }
    gaps = plan.rng("gaps").random(dense["lab"].shape) < GAPS
    return {
        "lab": np.where(gaps, np.nan, dense["lab"]),
        "note": np.where(_none(plan, "note", len(gaps)), 0.0, dense["note"]),
        "code": np.where(_none(plan, "code", len(gaps)), 0.0, (dense["code"] > 1.2)),
    }


def _none(plan: Plan, name: str, n: int) -> NDArray[np.bool_]:
    return plan.rng("without", name).random((n, 1)) < _WITHOUT[name]
