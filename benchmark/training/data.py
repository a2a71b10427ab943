"""The rows of a run: split, modalities dropped on purpose, tensors, targets."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.errors import DataError, SplitError, UsageError
from benchmark.core.paths import Paths
from benchmark.core.problem import Component, Task
from benchmark.core.pseudonyms import pseudonym_key, pseudonyms
from benchmark.core.spec import ComponentSpec, RunSpec, canonical_json
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext, Dataset
from benchmark.missing import apply_missing
from benchmark.models.controls._base import ControlData
from benchmark.splits import PARTS, PartName, Parts, make_split
from benchmark.splits.case_lists import CaseLists, find_case_lists
from benchmark.training import streaming

if TYPE_CHECKING:
    from torch import Tensor

SourceChoice = Literal["auto", "real", "partial", "synthetic"]
Array = NDArray[np.float64]

#: Datasets kept in memory by a process; a worker goes through the runs of one dataset in a row.
KEPT = 2
_datasets: OrderedDict[str, Dataset] = OrderedDict()


@dataclass(frozen=True)
class RunData:
    """One dataset as a run sees it.

    Attributes:
        component: Modalities and tasks of the run, in the run's order.
        dataset: Where values come from.
        preprocessor: Fitted on the training rows.
        parts: Positions in ``dataset.samples``.
        observed: (n, M) bool by part, after dropping on purpose.
    """

    component: Component
    dataset: Dataset
    preprocessor: Any
    parts: Parts
    observed: dict[PartName, NDArray[np.bool_]]

    def sample_ids(self, part: PartName) -> list[str]:
        """Return the ids of a part's samples."""
        return self._names("sample_id", part)

    def group_ids(self, part: PartName) -> list[str]:
        """Return the patient of each of a part's samples."""
        return self._names("group_id", part)

    def stored_ids(self, part: PartName) -> dict[str, list[str]]:
        """Return ``sample_id`` and ``group_id`` as results keep them.

        Of a credentialed release they are keyed hashes (:mod:`benchmark.core.pseudonyms`).
        """
        ids = {"sample_id": self.sample_ids(part), "group_id": self.group_ids(part)}
        if not self.dataset.release.credentialed:
            return ids
        key = pseudonym_key(self.dataset.context.paths.cache)
        return {name: pseudonyms(found, key) for name, found in ids.items()}

    def _names(self, column: str, part: PartName) -> list[str]:
        names = self.dataset.samples[column].to_numpy()[self.parts.rows(part)]
        return [str(one) for one in names]

    def targets(self, part: PartName) -> dict[str, Array]:
        """Return targets by task as :func:`targets_of` does."""
        rows = self.parts.rows(part)
        return {task.name: targets_of(self.dataset, task, rows) for task in self.component.tasks}

    def batch(self, part: PartName) -> Batch:
        """Return all samples of a part as one batch on the CPU.

        Of a part that is larger than ``RESIDENT_BYTES`` the inputs are read as they are selected.
        """
        import torch

        count = len(self.parts.rows(part))
        names = tuple(modality.name for modality in self.component.modalities)
        tasks = {task.name: task for task in self.component.tasks}
        held = Batch(
            dataset=self.component.dataset,
            inputs=streaming.NotRead(names),
            observed=torch.from_numpy(self.observed[part]),
            targets={name: _tensor(y, tasks[name]) for name, y in self.targets(part).items()},
            rows=torch.from_numpy(self.parts.rows(part)),
        )
        one = self.inputs(part, np.arange(min(count, 1)))
        if streaming.size_of(one) * count > streaming.RESIDENT_BYTES:
            return streaming.StreamedBatch(**vars(held), read=partial(self.inputs, part))
        return replace(held, inputs=self.inputs(part, np.arange(count)))

    def inputs(self, part: PartName, positions: NDArray[np.int64]) -> dict[str, ModalityData]:
        """Return the run's modalities of some samples of a part, ``positions`` (K,) in it."""
        import torch

        names = [modality.name for modality in self.component.modalities]
        rows = self.parts.rows(part)[positions]
        tensors = self.dataset.tensors_of(rows, self.preprocessor, names)
        observed = torch.from_numpy(self.observed[part][positions])
        return {name: _emptied(tensors[name], observed[:, m]) for m, name in enumerate(names)}

    def control_data(self, part: PartName, series: bool = False) -> ControlData:
        """Return all samples of a part as flat features, NaN where unobserved.

        Args:
            part: Which.
            series: Whether measurements of sequences are wanted too.
        """
        names = [modality.name for modality in self.component.modalities]
        rows = self.parts.rows(part)
        features = self.dataset.features_of(rows, self.preprocessor, names)
        observed = self.observed[part]
        sequences = [
            (m, modality.name)
            for m, modality in enumerate(self.component.modalities)
            if series and modality.kind == "sequence"
        ]
        return ControlData(
            features={
                modality.name: np.where(observed[:, m, None], features[modality.name], np.nan)
                for m, modality in enumerate(self.component.modalities)
            },
            observed=observed,
            targets=self.targets(part),
            series={
                name: self.dataset.measured(rows, self.preprocessor, name).only(observed[:, m])
                for m, name in sequences
            },
        )

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Number of samples by part."""
        return {part: len(self.parts.rows(part)) for part in PARTS}


def load_dataset(spec: ComponentSpec, paths: Paths, source: SourceChoice) -> Dataset:
    """Return a dataset, from this process's memory if it was used a moment ago.

    Raises:
        DataError: The release on this machine is not the one the run was planned for.
    """
    key = canonical_json([spec.loader.model_dump(mode="json"), spec.data, source, repr(paths)])
    if key not in _datasets:
        loader = DATASETS.load(spec.loader.name)
        config = DATASETS.config(spec.loader.name).parse(spec.loader.config)
        dataset = loader(config, DataContext(paths=paths, source=source))
        _check_release(spec, dataset)
        _datasets[key] = dataset
    _datasets.move_to_end(key)
    while len(_datasets) > KEPT:
        _datasets.popitem(last=False)
    return _datasets[key]


def run_data(spec: RunSpec, dataset: Dataset) -> RunData:
    """Split, drop and fit as the run says; only training rows are fitted on.

    Raises:
        UsageError: The run has several datasets, which no strategy handles yet, or names a
            modality or task that the dataset lacks.
        SplitError: The split does not hold; names the dataset.
    """
    if len(spec.components) != 1:
        raise UsageError(
            f"a run over {len(spec.components)} datasets has no training strategy yet",
            "use one dataset per run",
        )
    component = narrow(dataset.component, spec.components[0])
    lists, known = _case_lists(dataset, spec), dataset.component.tasks
    try:
        parts = make_split(dataset.samples, spec.split, component.tasks, lists, known)
    except SplitError as error:
        raise SplitError(f"{component.dataset}: {error.message}", error.hint) from error
    data = RunData(component, dataset, None, parts, observed={})
    data = replace(data, observed={part: _observed(data, spec, part) for part in PARTS})
    return replace(data, preprocessor=dataset.fit(parts.train, _all_observed(data)))


def _case_lists(dataset: Dataset, spec: RunSpec) -> CaseLists | None:
    folder = dataset.split_folder(dataset.config, dataset.context)
    if spec.split.kind != "files" or folder is None:
        return None
    return find_case_lists(folder, spec.split.digest)


def targets_of(dataset: Dataset, task: Task, rows: NDArray[np.int64]) -> Array:
    """Return the targets of some samples; NaN, or -1 in masks, is unlabelled.

    Returns:
        (K,) class or value of a regression, (K, L) labels, (K, 2) time and event of a survival
        task, or (K, H, W) class of each pixel.
    """
    if task.kind == "segmentation":
        return dataset.masks(task.name, rows).astype(np.float64)
    column = f"target:{task.name}"
    if task.kind in ("multilabel", "survival"):
        parts = ("time", "event") if task.kind == "survival" else task.classes
        columns = [f"{column}:{part}" for part in parts]
        return dataset.samples[columns].to_numpy(dtype=np.float64)[rows]
    return dataset.samples[column].to_numpy(dtype=np.float64)[rows]


def _check_release(spec: ComponentSpec, dataset: Dataset) -> None:
    found = dataset.release.fingerprint
    if found != spec.data:
        raise DataError(
            f"the data of {spec.dataset!r} changed: the run was planned for {spec.data[:12]}, "
            f"{dataset.release.id} here has {found[:12]}",
            "plan again, or point --data at the release the run was planned for",
        )


def narrow(component: Component, spec: ComponentSpec) -> Component:
    """Return the modalities and tasks of a run; UsageError if the dataset lacks one."""
    try:
        return Component(
            dataset=spec.dataset,
            modalities=tuple(component.modality(name) for name in spec.modalities),
            tasks=tuple(component.task(name) for name in spec.tasks),
        )
    except KeyError as error:
        raise UsageError(f"dataset {spec.dataset!r}: {error.args[0]}") from None


def _observed(data: RunData, spec: RunSpec, part: PartName) -> NDArray[np.bool_]:
    names = [modality.name for modality in data.component.modalities]
    observed = data.dataset.observed(data.parts.rows(part))[:, _columns(data)]
    if spec.missing is None:
        return observed
    return apply_missing(observed, data.sample_ids(part), names, part, spec.missing)


def _all_observed(data: RunData) -> NDArray[np.bool_]:
    """Return the training rows' flags of all the dataset's modalities, after dropping.

    What a run drops on purpose must not be fitted on either.
    """
    observed = data.dataset.observed(data.parts.train)
    observed[:, _columns(data)] = data.observed["train"]
    return observed


def _columns(data: RunData) -> list[int]:
    """Return the run's modalities as columns of the dataset's flags."""
    order = [modality.name for modality in data.dataset.component.modalities]
    return [order.index(modality.name) for modality in data.component.modalities]


def _emptied(data: ModalityData, observed: Tensor) -> ModalityData:
    """Put zeros where a modality was dropped on purpose: nothing may leak from there."""
    if bool(observed.all()):
        return data
    gone = ~observed
    return ModalityData(
        values=_zeroed(data.values, gone),
        times=None if data.times is None else _zeroed(data.times, gone),
        mask=None if data.mask is None else _zeroed(data.mask, gone),
        lengths=None if data.lengths is None else _zeroed(data.lengths, gone),
    )


def _zeroed(tensor: Tensor, rows: Tensor) -> Tensor:
    copy = tensor.clone()
    copy[rows] = 0
    return copy


def _tensor(target: Array, task: Task) -> Tensor:
    import torch

    if task.kind in ("multilabel", "regression", "survival"):
        return torch.from_numpy(target.astype(np.float32))
    return torch.from_numpy(np.nan_to_num(target, nan=-1.0).astype(np.int64))
