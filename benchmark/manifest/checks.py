"""Names in a manifest: each must exist, once, and fit what it is used for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from benchmark.core.problem import Component
from benchmark.datasets import DATASETS
from benchmark.manifest.issues import Issue, parse, unknown
from benchmark.manifest.printed import find_printed, load_printed
from benchmark.manifest.resolve import options_tree, plain
from benchmark.manifest.schema import DatasetEntry, Manifest, Overlay, RowEntry
from benchmark.manifest.yaml_reader import KeyPath
from benchmark.metrics import METRICS, kinds_of
from benchmark.models import MODELS


def check_names(manifest: Manifest) -> list[Issue]:
    """Return every name that is unknown, doubled or out of place."""
    return [
        *_datasets(manifest),
        *_columns(manifest),
        *_rows(manifest),
        *_overlays(manifest),
        *_others(manifest),
    ]


def loader_of(manifest: Manifest, dataset: str) -> str:
    """Return the registry name of a dataset's loader."""
    return manifest.datasets[dataset].loader or dataset


def loader_config(options: dict[str, Any], loader: str, issues: list[Issue]) -> Any:
    """Return the loader's config, or None after noting what is wrong with the options."""
    return parse(DATASETS.config(loader), options, issues)


def describe(
    manifest: Manifest, dataset: str, variant: str = "described", profile: str = ""
) -> Component | None:
    """Return all modalities and tasks of a dataset; None if loader or options do not hold."""
    loader = loader_of(manifest, dataset)
    if loader not in DATASETS:
        return None
    options = plain(options_tree(manifest, dataset, variant, profile))
    config = loader_config(options, loader, [])
    if config is None:
        return None
    component: Component = DATASETS.load(loader).describe(config)
    return component


def used_part(
    component: Component, dataset: str, entry: DatasetEntry, row: RowEntry | None = None
) -> Component:
    """Return the modalities and tasks that a table uses, in its order, or that a row of it does."""
    own = row.modalities.get(dataset) if row else None
    modalities = own or entry.modalities or [one.name for one in component.modalities]
    tasks = entry.tasks or [one.name for one in component.tasks]
    return Component(
        dataset=dataset,
        modalities=tuple(component.modality(name) for name in modalities),
        tasks=tuple(component.task(name) for name in tasks),
    )


def _datasets(manifest: Manifest) -> Iterator[Issue]:
    used = {column.dataset for column in manifest.columns}
    for name, entry in manifest.datasets.items():
        place: KeyPath = ("datasets", name)
        loader = loader_of(manifest, name)
        if loader not in DATASETS:
            where = (*place, "loader") if entry.loader else place
            yield Issue(where, unknown("dataset", loader, DATASETS))
        elif component := describe(manifest, name):
            modalities = [one.name for one in component.modalities]
            tasks = [one.name for one in component.tasks]
            yield from _subset(entry.modalities, modalities, "modality", (*place, "modalities"))
            yield from _subset(entry.tasks, tasks, "task", (*place, "tasks"))
        if name not in used:
            yield Issue(place, "has no column; give it one or remove it")


def _subset(
    names: Iterable[str] | None, known: Iterable[str], kind: str, place: KeyPath
) -> Iterator[Issue]:
    seen: set[str] = set()
    for index, name in enumerate(names or ()):
        if name not in known:
            yield Issue((*place, index), unknown(kind, name, known))
        elif name in seen:
            yield Issue((*place, index), f"{name!r} is named twice")
        seen.add(name)


def _columns(manifest: Manifest) -> Iterator[Issue]:
    seen: set[tuple[str, str, str]] = set()
    for index, column in enumerate(manifest.columns):
        place: KeyPath = ("columns", index)
        if column.dataset not in manifest.datasets:
            text = unknown("dataset", column.dataset, manifest.datasets)
            yield Issue((*place, "dataset"), text)
            continue
        kind, issues = _task_kind(manifest, column.dataset, column.task)
        yield from (issue.under(place) for issue in issues)
        for at, metric in enumerate(column.metrics):
            where = (*place, "metrics", at)
            if (column.dataset, column.task, metric) in seen:
                yield Issue(where, f"{metric!r} of {column.dataset}/{column.task} is named twice")
            seen.add((column.dataset, column.task, metric))
            yield from _metric(metric, kind, column.task, where)


def _task_kind(manifest: Manifest, dataset: str, task: str) -> tuple[str | None, list[Issue]]:
    component = describe(manifest, dataset)
    if component is None:
        return None, []
    kinds = {one.name: one.kind for one in component.tasks}
    used = manifest.datasets[dataset].tasks or tuple(kinds)
    if task in used:
        return kinds.get(task), []
    return None, [Issue(("task",), unknown("task", task, used))]


def _metric(metric: str, kind: str | None, task: str, place: KeyPath) -> Iterator[Issue]:
    if metric not in METRICS:
        yield Issue(place, unknown("metric", metric, METRICS))
    elif kind is not None and kind not in kinds_of(metric):
        fitting = [name for name in METRICS if kind in kinds_of(name)]
        text = f"{metric!r} is not defined for {task}; for {kind} tasks: {', '.join(fitting)}"
        yield Issue(place, text)


def _rows(manifest: Manifest) -> Iterator[Issue]:
    first: dict[str, int] = {}
    for index, row in enumerate(manifest.rows):
        place: KeyPath = ("rows", index)
        if row.key in first:
            text = f"{row.key!r} is already the key of row {first[row.key] + 1}"
            yield Issue((*place, "key"), text)
        first.setdefault(row.key, index)
        if row.model not in MODELS:
            yield Issue((*place, "model"), unknown("model", row.model, MODELS))
        yield from _subset(row.datasets, manifest.datasets, "dataset", (*place, "datasets"))
        for name in row.by_dataset:
            yield from _one_of(name, manifest.row_datasets(row), (*place, "by_dataset", name))
        for name, wanted in row.modalities.items():
            where = (*place, "modalities", name)
            yield from _one_of(name, manifest.row_datasets(row), where)
            component = describe(manifest, name) if name in manifest.datasets else None
            if component is not None:
                known = [one.name for one in component.modalities]
                yield from _subset(wanted, known, "modality", where)


def _one_of(name: str, known: Iterable[str], place: KeyPath) -> Iterator[Issue]:
    if name not in known:
        yield Issue(place, unknown("dataset", name, known))


def _overlays(manifest: Manifest) -> Iterator[Issue]:
    for name, overlay in manifest.variants.items():
        yield from _overlay(manifest, overlay, ("variants", name))
    for profile, overlay in manifest.profiles.items():
        place: KeyPath = ("profiles", profile)
        if profile not in manifest.profile_names:
            known = ", ".join(manifest.profile_names)
            yield Issue(place, f"{manifest.id} has no profile {profile!r} (it has {known})")
        yield from _overlay(manifest, overlay, place)


def _overlay(manifest: Manifest, overlay: Overlay, place: KeyPath) -> Iterator[Issue]:
    for name in overlay.datasets:
        yield from _one_of(name, manifest.datasets, (*place, "datasets", name))
    keys = [row.key for row in manifest.rows]
    for key in overlay.rows:
        if key not in keys:
            yield Issue((*place, "rows", key), unknown("row", key, keys))


def _others(manifest: Manifest) -> Iterator[Issue]:
    keys = [row.key for row in manifest.rows]
    if manifest.reference is not None and manifest.reference not in keys:
        yield Issue(("reference",), unknown("row", manifest.reference, keys))
    metrics = {"default", *(column.metric for column in manifest.table_columns())}
    for name in manifest.tolerance:
        if name not in metrics:
            yield Issue(("tolerance", name), unknown("metric of this table", name, metrics))
    yield from _printed_columns(manifest)


def _printed_columns(manifest: Manifest) -> Iterator[Issue]:
    """Check the printed columns that columns name, as far as the paper's table can be read."""
    if not any(column.printed for column in manifest.columns):
        return
    path = find_printed(manifest.id)
    known = [one.key for one in load_printed(path).columns] if path else []
    for index, column in enumerate(manifest.columns):
        for metric, key in column.printed.items():
            place: KeyPath = ("columns", index, "printed", metric)
            if metric not in column.metrics:
                yield Issue(place, unknown("metric of this column", metric, column.metrics))
            if key not in known:
                yield Issue(place, unknown("printed column", key, known))
