"""What must hold for every dataset."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmark.checks._base import Check, NotChecked, collector, expect, fail
from benchmark.core.errors import DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.core.problem import Component, Task
from benchmark.datasets import DATASETS
from benchmark.datasets._arrays import Indexed
from benchmark.datasets._base import DataContext, Dataset, Rows
from benchmark.datasets.synthetic import GENERATORS

#: Types of values by kind of modality; float32 for those not named.
_KINDS = {"image": (torch.float32, torch.uint8), "events": (torch.int64,)}

CHECKS: list[Check[DatasetSubject]] = []
_check = collector(CHECKS)


@dataclass(frozen=True)
class DatasetSubject:
    """A registered dataset.

    Attributes:
        name: Registry name.
        paths: Where its release is looked for.
        options: Options that differ from its config's defaults.
    """

    name: str
    paths: Paths
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> Any:
        """Its options as a config."""
        return DATASETS.config(self.name).parse(self.options)

    def load(self) -> Dataset:
        """Read the release; NotChecked where it is not on this machine."""
        try:
            dataset = DATASETS.load(self.name)(self.config, DataContext(self.paths))
        except DataNotAvailable as error:
            raise NotChecked(str(error)) from error
        expect(isinstance(dataset, Dataset), f"{self.name} is no benchmark.plugins.Dataset")
        loaded: Dataset = dataset
        return loaded


@_check("mend the constructor; DataNotAvailable or DataError say in words what it lacks", gate=True)
def it_can_be_read(subject: DatasetSubject) -> None:
    """The constructor reads the release."""
    subject.load()


@_check("let describe and probe tell, without reading samples, what the constructor then reads")
def describe_and_probe_agree_with_what_is_loaded(subject: DatasetSubject) -> None:
    """Planning believes them."""
    dataset, cls = subject.load(), DATASETS.load(subject.name)
    component, release = dataset.component, dataset.release
    expect(
        component.dataset == subject.name,
        f"its component is called {component.dataset!r}, but it is registered as {subject.name!r}",
    )
    described = _without_widths(cls.describe(subject.config))
    expect(described == _without_widths(component), "describe() differs from .component")
    expect(cls.probe(subject.config, dataset.context) == release, "probe() differs from .release")
    plain = re.fullmatch(r"[0-9a-f]{64}", release.fingerprint)
    expect(plain, "release.fingerprint must be a sha256: 64 hexadecimal digits over the data")
    expect(release.terms, "release.terms is empty: name the licence, e.g. 'CC BY 4.0'")


@_check("register generated data with family='synthetic', everything else with family='real'")
def family_tells_where_the_data_is_from(subject: DatasetSubject) -> None:
    """Only a loader of a release with a generator reads both; the release then says which."""
    source, family = subject.load().release.source, DATASETS.entry(subject.name).family
    fits = (source == "synthetic") == (family == "synthetic")
    fits |= family == "real" and subject.name in GENERATORS
    expect(fits, f"the release says {source}, the registered family {family}")


@_check("one row per sample: sample_id and group_id as text, observed:<modality> as bool")
def the_samples_table_is_complete(subject: DatasetSubject) -> None:
    """Ids, observed flags, a plain index."""
    dataset = subject.load()
    samples = dataset.samples
    expect(list(samples.index) == list(range(len(samples))), "the index must be 0, 1, 2 ...")
    wanted = ["sample_id", "group_id", *(f"observed:{one.name}" for one in _modalities(dataset))]
    lacking = [column for column in wanted if column not in samples]
    expect(not lacking, f"columns are missing: {', '.join(lacking)}")
    expect(samples["sample_id"].is_unique, "sample_id occurs twice")
    for column in ("sample_id", "group_id"):
        texts = all(isinstance(value, str) for value in samples[column])
        expect(texts, f"{column} holds something that is no text")
    for column in wanted[2:]:
        kind = samples[column].dtype
        expect(kind == np.dtype(bool), f"{column} is {kind}, not bool")
    nothing = int((~dataset.observed(_all(dataset)).any(axis=1)).sum())
    expect(not nothing, f"{nothing} samples have no modality at all; leave them out")


@_check("target:<task> holds class numbers from 0, NaN where unlabelled; see Dataset.samples")
def targets_are_what_the_task_kind_says(subject: DatasetSubject) -> None:
    """Classes in range and all present, survival times positive, labels 0 or 1."""
    dataset = subject.load()
    for task in dataset.component.tasks:
        if task.kind == "segmentation":
            _check_masks(dataset, task)
            continue
        columns = _target_columns(task)
        lacking = [column for column in columns if column not in dataset.samples]
        expect(not lacking, f"columns are missing: {', '.join(lacking)}")
        values = dataset.samples[columns].to_numpy(dtype=np.float64)
        labelled = values[~np.isnan(values).any(axis=1)]
        expect(len(labelled), f"no sample has a label of {task.name!r}")
        _check_targets(task, labelled)


@_check("tensors gives (rows, *shape) float32 (images: or uint8) by modality, zeros if unobserved")
def tensors_fit_modalities_and_observed_flags(subject: DatasetSubject) -> None:
    """Order, shape, type; finite; unobserved rows are zeros and observed ones are not."""
    dataset = subject.load()
    train, other = _parts(dataset)
    tensors = dataset.tensors(other, dataset.fit(train))
    names = [modality.name for modality in _modalities(dataset)]
    expect(list(tensors) == names, f"tensors gives {list(tensors)} instead of {names}")
    observed = dataset.observed(other)
    for m, modality in enumerate(_modalities(dataset)):
        values = tensors[modality.name].values
        # Of events the second number is that of tokens.
        sizes = modality.shape[:1] if modality.kind == "events" else modality.shape
        wanted = (len(other), *sizes)
        shape = tuple(values.shape)
        expect(shape == wanted, f"{modality.name!r} has shape {shape} instead of {wanted}")
        kinds = _KINDS.get(modality.kind, (torch.float32,))
        wanted_kinds = " or ".join(str(kind).removeprefix("torch.") for kind in kinds)
        fits = values.dtype in kinds
        expect(fits, f"{modality.name!r} is {values.dtype} instead of {wanted_kinds}")
        expect(torch.isfinite(values).all(), f"{modality.name!r} holds values that are not finite")
        filled = values.flatten(1).ne(0).any(dim=1).numpy()
        ghosts, blanks = (
            int((filled & ~observed[:, m]).sum()),
            int((~filled & observed[:, m]).sum()),
        )
        expect(not ghosts, f"{ghosts} unobserved samples of {modality.name!r} hold values")
        expect(not blanks, f"{blanks} observed samples of {modality.name!r} hold zeros only")


@_check("control_features gives a float64 matrix by modality, NaN rows where unobserved")
def control_features_are_nan_exactly_where_unobserved(subject: DatasetSubject) -> None:
    """Controls see the same missingness as models."""
    dataset = subject.load()
    train, other = _parts(dataset)
    features = dataset.control_features(other, dataset.fit(train))
    for m, modality in enumerate(_modalities(dataset)):
        expect(modality.name in features, f"there are no features of {modality.name!r}")
        matrix = features[modality.name]
        fits = matrix.ndim == 2 and len(matrix) == len(other) and matrix.dtype == np.float64
        expect(fits, f"features of {modality.name!r}: {matrix.dtype} of shape {matrix.shape}")
        there = dataset.observed(other)[:, m]
        known, missing = np.isfinite(matrix[there]), np.isnan(matrix[~there]).all()
        # A series or a set of facts may lack some of its channels.
        partial = modality.kind in ("sequence", "vector") and not np.isinf(matrix[there]).any()
        finite = known.any(axis=1).all() if partial else known.all()
        expect(finite, f"features of observed samples of {modality.name!r} are not finite")
        expect(missing, f"features of unobserved samples of {modality.name!r} are not NaN")


@_check("answer rows in the order they are asked for: values[rows], not values[sorted(rows)]")
def rows_come_back_in_the_order_asked_for(subject: DatasetSubject) -> None:
    """Any order, any subset."""
    dataset = subject.load()
    train, other = _parts(dataset)
    fitted, backwards = dataset.fit(train), other[::-1].copy()
    whole, mirrored = dataset.tensors(other, fitted), dataset.tensors(backwards, fitted)
    one = dataset.tensors(other[3:4], fitted)
    straight = dataset.control_features(other, fitted)
    features = dataset.control_features(backwards, fitted)
    for name, data in whole.items():
        same = torch.equal(mirrored[name].values, data.values.flip(0))
        expect(same, f"tensors of {name!r} ignore the order of rows")
        expect(
            torch.equal(one[name].values, data.values[3:4]), f"{name!r}: one row comes otherwise"
        )
        same = np.array_equal(features[name], straight[name][::-1], equal_nan=True)
        expect(same, f"control features of {name!r} ignore the order of rows")


@_check("estimate means, vocabularies and imputation values from train_rows only")
def fit_reads_training_rows_only(subject: DatasetSubject) -> None:
    """Other rows become nonsense; what training rows turn into must not change."""
    dataset = subject.load()
    train, other = _parts(dataset)
    before = dataset.tensors(train, dataset.fit(train))
    _spoil(dataset, other, lambda size: 1e9 * np.random.default_rng(1).normal(size=size))
    after = dataset.tensors(train, dataset.fit(train))
    for name, data in before.items():
        same = torch.equal(after[name].values, data.values)
        expect(same, f"{name!r} of training rows depends on other rows: a leak")


@_check("mask by the observed flags before computing anything")
def values_of_unobserved_samples_are_never_read(subject: DatasetSubject) -> None:
    """What stands in an unobserved row reaches neither tensors nor statistics."""
    dataset = subject.load()
    train, other = _parts(dataset)
    before = dataset.tensors(other, dataset.fit(train))
    everywhere = dataset.observed(_all(dataset))
    for m, modality in enumerate(_modalities(dataset)):
        hidden = np.flatnonzero(~everywhere[:, m])
        _spoil(dataset, hidden, lambda size: np.full(size, np.nan), modality.name)
    after = dataset.tensors(other, dataset.fit(train))
    for name, data in before.items():
        same = torch.equal(after[name].values, data.values)
        expect(same, f"{name!r} depends on values of unobserved samples")


@_check("read files in a fixed order and draw random numbers from a fixed seed")
def loading_twice_gives_the_same(subject: DatasetSubject) -> None:
    """Same release, same table, same bits."""
    first, second = subject.load(), subject.load()
    expect(first.release == second.release, "the releases of two readings differ")
    expect(first.samples.equals(second.samples), "the samples of two readings differ")
    train, other = _parts(first)
    one, two = first.tensors(other, first.fit(train)), second.tensors(other, second.fit(train))
    unequal = [name for name in one if not torch.equal(one[name].values, two[name].values)]
    expect(not unequal, f"the tensors of two readings differ: {', '.join(unequal)}")


def _without_widths(component: Component) -> Component:
    """Forget sizes, not axes: describe() has those of the documented release."""
    axes = [one.model_copy(update={"shape": (0,) * len(one.shape)}) for one in component.modalities]
    return component.model_copy(update={"modalities": tuple(axes)})


def _modalities(dataset: Dataset) -> Any:
    return dataset.component.modalities


def _all(dataset: Dataset) -> Rows:
    return np.arange(len(dataset.samples))


def _parts(dataset: Dataset) -> tuple[Rows, Rows]:
    """Return two disjoint sets of rows, neither in the table's order."""
    order = np.random.default_rng(0).permutation(len(dataset.samples))
    half = len(order) // 2
    return order[:half], order[half:]


def _spoil(
    dataset: Dataset,
    rows: Rows,
    nonsense: Callable[[tuple[int, ...]], NDArray[np.float64]],
    only: str | None = None,
) -> None:
    """Overwrite raw values of some rows."""
    values, arrays = getattr(dataset, "values", None), getattr(dataset, "arrays", None)
    if isinstance(values, Mapping):
        for name, matrix in values.items():
            if only in (None, name):
                matrix[rows] = nonsense(matrix[rows].shape)
    elif isinstance(arrays, dict):
        for name in arrays if only is None else {only} & set(arrays):
            arrays[name] = _spoilt(arrays[name], rows, nonsense)
    elif callable(overwrite := getattr(dataset, "overwrite", None)):
        overwrite(rows, nonsense, only)
    else:
        raise NotChecked(
            f"raw values of a {type(dataset).__name__} cannot be overwritten from here; "
            "see to it that fit() reads train_rows only"
        )


def _spoilt(
    indexed: Indexed, rows: Rows, nonsense: Callable[[tuple[int, ...]], NDArray[np.float64]]
) -> Indexed:
    """Return a copy in memory whose entries of some rows, and of no other row, are nonsense."""
    kept = np.delete(indexed.positions, rows)
    entries = np.setdiff1d(indexed.positions[rows], [-1, *kept])
    values = np.array(indexed.values)
    with np.errstate(invalid="ignore"):
        values[entries] = nonsense(values[entries].shape).astype(values.dtype)
    return Indexed(values, indexed.positions)


def _target_columns(task: Task) -> list[str]:
    base = f"target:{task.name}"
    if task.kind == "survival":
        return [f"{base}:time", f"{base}:event"]
    return [f"{base}:{label}" for label in task.classes] if task.kind == "multilabel" else [base]


def _check_targets(task: Task, values: NDArray[np.float64]) -> None:
    """Check labelled rows, (K, columns)."""
    if task.kind == "survival":
        expect((values[:, 0] > 0).all(), f"{task.name!r} has times that are not positive")
        expect(np.isin(values[:, 1], (0, 1)).all(), f"{task.name!r} has events other than 0 and 1")
        expect(values[:, 1].any(), f"{task.name!r} has no event")
    elif task.kind == "multilabel":
        expect(np.isin(values, (0, 1)).all(), f"{task.name!r} has labels other than 0 and 1")
    elif task.kind == "regression":
        expect(np.isfinite(values).all(), f"{task.name!r} has targets that are not finite")
    else:
        _check_classes(task, values[:, 0])


def _check_masks(dataset: Dataset, task: Task) -> None:
    """Check all masks, in two orders."""
    rows = _all(dataset)
    masks = dataset.masks(task.name, rows)
    fits = masks.ndim == 3 and len(masks) == len(rows) and masks.dtype == np.int64
    expect(fits, f"masks of {task.name!r}: {masks.dtype} of shape {masks.shape}")
    labels = masks[masks >= 0].astype(np.float64)
    expect(len(labels), f"no sample has a mask of {task.name!r}")
    _check_classes(task, labels)
    straight = np.array_equal(dataset.masks(task.name, rows[::-1].copy()), masks[::-1])
    expect(straight, f"masks of {task.name!r} ignore the order of rows")


def _check_classes(task: Task, labels: NDArray[np.float64]) -> None:
    found, wanted = set(labels), set(range(len(task.classes)))
    if found - wanted:
        strange = sorted(float(label) for label in found - wanted)
        fail(f"{task.name!r} has labels {strange} outside 0..{len(wanted) - 1}")
    absent = [task.classes[c] for c in sorted(wanted - found)]
    expect(not absent, f"no sample of {task.name!r} is of class {', '.join(absent)}")
