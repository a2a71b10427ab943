"""Names in a manifest: each must exist, once, and fit what it is used for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmark.core.result import USUAL
from benchmark.datasets import DATASETS
from benchmark.manifest.described import describe, loader_of
from benchmark.manifest.issues import Issue, parse, unknown
from benchmark.manifest.printed import find_printed, load_printed
from benchmark.manifest.row_checks import check_row
from benchmark.manifest.schema import Manifest, Overlay, RowEntry, TableColumn
from benchmark.manifest.yaml_reader import KeyPath
from benchmark.metrics import METRICS, QUANTITIES, is_quantity, kinds_of, quantity_info
from benchmark.render.figures import FIGURES


def check_names(manifest: Manifest) -> list[Issue]:
    """Return every name that is unknown, doubled or out of place."""
    return [
        *_datasets(manifest),
        *_columns(manifest),
        *_rows(manifest),
        *_overlays(manifest),
        *_others(manifest),
    ]


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
    seen: set[str] = set()
    for index, column in enumerate(manifest.columns):
        place: KeyPath = ("columns", index)
        if column.dataset not in manifest.datasets:
            text = unknown("dataset", column.dataset, manifest.datasets)
            yield Issue((*place, "dataset"), text)
            continue
        kind = None
        if column.task:
            kind, issues = _task_kind(manifest, column.dataset, column.task)
            yield from (issue.under(place) for issue in issues)
        for at, metric in enumerate(column.metrics):
            where = (*place, "metrics", at)
            key = TableColumn(column.dataset, column.task, metric, column.pick.on(USUAL)).key
            if key in seen:
                yield Issue(where, f"{metric!r} of {column.dataset}/{column.task} is named twice")
            seen.add(key)
            yield from _metric(metric, kind, column.task, where)
        for metric in column.labels:
            if metric not in column.metrics:
                text = unknown("metric of this column", metric, column.metrics)
                yield Issue((*place, "labels", metric), text)


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
    if is_quantity(metric):
        yield from _quantity(metric, task, place)
    elif metric not in METRICS:
        yield Issue(place, unknown("metric", metric, [*METRICS, *QUANTITIES]))
    elif not task:
        yield Issue(place, f"{metric!r} is of a task; give the column a 'task'")
    elif kind is not None and kind not in kinds_of(metric):
        fitting = [name for name in METRICS if kind in kinds_of(name)]
        text = f"{metric!r} is not defined for {task}; for {kind} tasks: {', '.join(fitting)}"
        yield Issue(place, text)


def _quantity(metric: str, task: str, place: KeyPath) -> Iterator[Issue]:
    of_task = quantity_info(metric).of_task
    if of_task and not task:
        yield Issue(place, f"{metric!r} is of a task; give the column a 'task'")
    elif task and not of_task:
        yield Issue(place, f"{metric!r} is of no task: remove 'task'")


def _rows(manifest: Manifest) -> Iterator[Issue]:
    first: dict[str, int] = {}
    for index, row in enumerate(manifest.rows):
        place: KeyPath = ("rows", index)
        if row.key in first:
            text = f"{row.key!r} is already the key of row {first[row.key] + 1}"
            yield Issue((*place, "key"), text)
        first.setdefault(row.key, index)
        yield from (issue.under(place) for issue in check_row(manifest, row))
        yield from _subset(row.datasets, manifest.datasets, "dataset", (*place, "datasets"))
        for name in row.by_dataset:
            yield from _one_of(name, manifest.row_datasets(row), (*place, "by_dataset", name))
        for name in dict.fromkeys([*row.modalities, *row.tasks]):
            yield from _row_names(manifest, row, name, place)


def _row_names(manifest: Manifest, row: RowEntry, dataset: str, place: KeyPath) -> Iterator[Issue]:
    """Check the modalities and tasks that a row names for a dataset."""
    component = describe(manifest, dataset) if dataset in manifest.datasets else None
    for part, kind, wanted in (
        ("modalities", "modality", row.modalities.get(dataset)),
        ("tasks", "task", row.tasks.get(dataset)),
    ):
        if wanted is None:
            continue
        where = (*place, part, dataset)
        yield from _one_of(dataset, manifest.row_datasets(row), where)
        if component is not None:
            known = component.modalities if part == "modalities" else component.tasks
            yield from _subset(wanted, [one.name for one in known], kind, where)


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
    for name, change in overlay.datasets.items():
        where = (*place, "datasets", name)
        yield from _one_of(name, manifest.datasets, where)
        component = describe(manifest, name) if name in manifest.datasets else None
        if component:
            known = [task.name for task in component.tasks]
            yield from _subset(change.tasks, known, "task", (*where, "tasks"))
    rows = {row.key: row for row in manifest.rows}
    for key, own in overlay.rows.items():
        where = (*place, "rows", key)
        if key not in rows:
            yield Issue(where, unknown("row", key, rows))
            continue
        for name in own.by_dataset:
            yield from _one_of(name, manifest.row_datasets(rows[key]), (*where, "by_dataset", name))


def _others(manifest: Manifest) -> Iterator[Issue]:
    keys = [row.key for row in manifest.rows]
    if manifest.reference is not None and manifest.reference not in keys:
        yield Issue(("reference",), unknown("row", manifest.reference, keys))
    metrics = {"default", *(column.metric for column in manifest.table_columns())}
    for name in manifest.tolerance:
        if name not in metrics:
            yield Issue(("tolerance", name), unknown("metric of this table", name, metrics))
    yield from _figures(manifest)
    yield from _printed_columns(manifest)


def _figures(manifest: Manifest) -> Iterator[Issue]:
    """Check the figures a table asks for: their names, rows, datasets and settings."""
    rows = {row.key: row for row in manifest.rows if row.kind == "evaluate"}
    for index, figure in enumerate(manifest.figures):
        place: KeyPath = ("figures", index)
        if figure.row not in rows:
            yield Issue((*place, "row"), unknown("row of kind evaluate", figure.row, rows))
        else:
            known = manifest.row_datasets(rows[figure.row])
            yield from _subset(figure.datasets, known, "dataset", (*place, "datasets"))
        if figure.name not in FIGURES:
            yield Issue((*place, "name"), unknown("figure", figure.name, FIGURES))
            continue
        issues: list[Issue] = []
        parse(FIGURES.config(figure.name), figure.settings, issues, (*place, "settings"))
        yield from issues


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
