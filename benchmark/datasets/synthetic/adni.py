"""Made-up subjects in the layout of the ADNI folder of Flex-MoE and I2MoE.

The six observed combinations, all of which have the clinical table, occur at the shares below
(placeholders: the papers name five and give no counts), as do the diagnoses. Factors are planted
as ``_factors`` says: in boxes of grey matter, in frequencies of alleles, in columns of tables.
Subjects may have older scans, which show nothing; tables have gaps, and columns that tell the
diagnosis, which a loader must drop. The ``_mean`` tables are filled as published, with the mean of
the first column.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.datasets.adni import files
from benchmark.datasets.adni.config import CLASSES, MODALITIES, TABLES, WIDTHS
from benchmark.datasets.adni.scans import GREY
from benchmark.datasets.synthetic._factors import (
    Factors,
    Labels,
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

#: Shares of the diagnoses.
PRIOR = (0.438, 0.353, 0.210)
#: Modalities by first letter, and their share.
COMBINATIONS = {"BCGI": 0.55, "BCI": 0.12, "BCG": 0.10, "BC": 0.10, "CI": 0.08, "CG": 0.05}
MECHANISMS = {
    "unique:image": 0.15,
    "unique:genomic": 0.1,
    "unique:clinical": 0.1,
    "unique:biospecimen": 0.1,
    "shared": 0.35,
    "synergy": 0.2,
}
_GAPS, _UNREAD, _OLDER = 0.08, 0.01, 0.3
#: Share of alleles that follow a factor, and how much a step of it changes their frequency.
_LINKED, _STEP = 0.3, 0.12


def write_release(
    root: Path,
    truth: Path,
    size: int,
    seed: int,
    volume: Sequence[int] = (24, 28, 24),
    snps: int = 2000,
    mechanisms: Mapping[str, float] = MECHANISMS,
) -> None:
    """Write all files of ``size`` subjects.

    Args:
        root: Folder of the release.
        truth: Folder of ``factors.csv``.
        size: Subjects.
        seed: Of everything drawn.
        volume: Sides of the template.
        snps: Alleles.
        mechanisms: Weight by mechanism; ``synergy`` is of image and genomic.
    """
    enough(size, 60, "subjects")
    plan = Plan(MODALITIES, len(CLASSES), mechanisms, ("image", "genomic"), seed)
    label = class_labels(counts_of(size, PRIOR, 8), plan.rng("labels"))
    factors = plant(plan, label)
    ids = [f"{plan.rng('site', k).integers(1, 150):03d}_S_{1000 + k}" for k in range(size)]
    for folder in ("image", "genomic", *TABLES):
        (root / folder).mkdir()
    has = _combinations(plan, size)
    table = pd.DataFrame({"PTID": ids, "DIAGNOSIS": label + 1.0})
    table.to_csv(root / files.LABELS)
    parts = draw_parts(label, (0.7, 0.15, 0.15), plan.rng("parts of subjects"))
    lists = json.dumps(part_lists(ids, parts))
    (root / files.SPLIT).write_text(lists, encoding="utf-8")
    _write_scans(root, plan, factors, ids, has["I"], tuple(volume))
    _write_alleles(root, plan, factors, ids, has["G"], snps)
    for name in TABLES:
        _write_table(root, plan, factors, ids, has[name[0].upper()], name)
    factors.write(truth / "factors.csv", ids)


def _combinations(plan: Plan, size: int) -> dict[str, NDArray[np.bool_]]:
    """Return by first letter who has a modality."""
    names = list(COMBINATIONS)
    counts = counts_of(size, list(COMBINATIONS.values()))
    drawn = class_labels(counts, plan.rng("combinations"))
    return {letter: np.array([letter in names[one] for one in drawn]) for letter in "BCGI"}


def _template(sides: tuple[int, ...]) -> NDArray[np.float32]:
    """Return a ball with a core, a shell of grey matter around it, and a rim; 0 outside."""
    axes = [np.linspace(-1, 1, side) for side in sides]
    radius = np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij")))
    template = np.zeros(sides, dtype=np.float32)
    for limit, value in ((0.98, 10), (0.92, GREY), (0.45, 250), (0.15, 50)):
        template[radius < limit] = value
    return template


def _write_scans(
    root: Path,
    plan: Plan,
    factors: Factors,
    ids: list[str],
    has: NDArray[np.bool_],
    sides: tuple[int, ...],
) -> None:
    import nibabel

    template = _template(sides)
    image: Any = nibabel.nifti1.Nifti1Image  # its stubs lack annotations
    nibabel.save(image(template, np.diag([2.0, 2.0, 2.0, 1.0])), root / files.TEMPLATE_FILE)
    rng = plan.rng("scans")
    places = np.stack(np.nonzero(template == GREY), axis=1) / np.array(sides)
    atlas = 1 + 0.3 * np.sin(7 * places).sum(axis=1)
    boxes = _boxes(places, factors.shown["image"].shape[1], plan.classes, rng)
    rows, names = [], []
    for subject in np.flatnonzero(has):
        shown = sum(boxes[k][value] for k, value in enumerate(factors.shown["image"][subject]))
        older = rng.random() < _OLDER
        for year, signal in ((2006, 0.0), (2011, 1.0)):
            if year == 2011 or older:
                noise = rng.normal(scale=0.3, size=len(places))
                rows.append(np.maximum(0, atlas + signal * shown + noise))
                names.append(f"{ids[subject]}_{year}-{rng.integers(1, 13):02d}-15")
    order = rng.permutation(len(rows))
    np.save(root / files.SCANS, np.array(rows, dtype=np.float32)[order])
    (root / files.SCAN_NAMES).write_text("\n".join(np.array(names)[order]) + "\n", "utf-8")


def _boxes(places: Values, factors: int, classes: int, rng: np.random.Generator) -> Any:
    """Return (factors, classes, V): where grey matter is thicker for a value of a factor."""
    boxes = np.zeros((factors, classes, len(places)))
    corners = rng.permutation([(i, j, k) for i in (0, 1) for j in (0, 1, 2) for k in (0, 1)])
    for one, (factor, value) in enumerate(np.ndindex(factors, classes)):
        low = corners[one % len(corners)] / np.array([2, 3, 2])
        inside = ((places >= low) & (places < low + 1 / np.array([2, 3, 2]))).all(axis=1)
        boxes[factor, value] = 0.8 * inside
    return boxes


def _write_alleles(
    root: Path,
    plan: Plan,
    factors: Factors,
    ids: list[str],
    has: NDArray[np.bool_],
    snps: int,
) -> None:
    import h5py

    rng = plan.rng("alleles")
    shown = factors.shown["genomic"]
    linked = rng.random((shown.shape[1], plan.classes, snps)) < _LINKED / plan.classes
    step = _STEP * rng.choice([-1, 1], size=linked.shape) * linked
    frequency = rng.uniform(0.2, 0.8, snps) + sum(step[k][shown[:, k]] for k in range(len(step)))
    counts = rng.binomial(2, np.clip(frequency, 0.02, 0.98)).astype(np.float32)
    counts[rng.random(counts.shape) < _UNREAD] = np.nan
    rows = rng.permutation(np.flatnonzero(has))
    with h5py.File(root / files.GENOMIC, "w") as file:
        file["X"] = counts[rows]
        file["obs/_index"] = np.array([ids[row].encode() for row in rows])
        file["obs"].attrs["_index"] = "_index"
        file["var/_index"] = np.array([f"rs{k}".encode() for k in range(snps)])
        file["var"].attrs["_index"] = "_index"


def _write_table(
    root: Path,
    plan: Plan,
    factors: Factors,
    ids: list[str],
    has: NDArray[np.bool_],
    name: str,
) -> None:
    rng = plan.rng("table", name)
    width = WIDTHS[name]
    values = embed(factors.shown[name], plan.classes, width, rng, signal=0.6)
    numbers = _numeric(width)
    table = pd.DataFrame(
        np.where(numbers, np.clip(values / 4, -1, 1), np.where(values > 0, 1.0, -1.0)).round(4),
        columns=[f"{name[:3].upper()}{k}" for k in range(width)],
        index=pd.Index(ids, name="PTID"),
    )
    if name == "clinical":
        table = table.assign(**_leaking(factors.label))
    gaps = rng.random((len(ids), width)) < _GAPS
    raw = table.copy()
    # Only numbers have gaps: categories were filled before they became columns.
    raw.iloc[:, :width] = raw.iloc[:, :width].mask(gaps & numbers)
    rows = rng.permutation(np.flatnonzero(has))
    raw = raw.iloc[rows]
    raw.to_csv(root / files.table_file(name, filled=False))
    raw.fillna(raw.iloc[:, 0].mean()).to_csv(root / files.table_file(name, filled=True))


def _numeric(width: int) -> NDArray[np.bool_]:
    """Tell which columns are numbers; the others are categories as 1 and -1."""
    return np.asarray(np.arange(width) % 3 != 2)


def _leaking(label: Labels) -> dict[str, Values]:
    """Return columns that tell the diagnosis, as the real table has."""
    return {
        "PTADDX_9999": np.where(label == 2, 1.0, -1.0),
        "PTCOGBEG": label / 2.0,
        "PTADBEG_2001": np.where(label > 0, 1.0, -1.0),
    }
