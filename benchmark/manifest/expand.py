"""From a manifest to runs: every row × dataset × fold × seed, each once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from benchmark.core.errors import DataNotAvailable, UsageError
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets import DATASETS
from benchmark.manifest.availability import Available, Unavailable, choose_profile, look
from benchmark.manifest.checks import used_part
from benchmark.manifest.overrides import Overrides, check_rows, read_overrides
from benchmark.manifest.plan import PlannedRun, Use
from benchmark.manifest.resolve import settings_tree
from benchmark.manifest.schema import Manifest, RowEntry
from benchmark.manifest.selection import (
    Request,
    matching,
    numbers,
    select_rows,
    select_tasks,
)
from benchmark.manifest.settings import Resolved


class CellRun(NamedTuple):
    """A run behind a cell, and which of its numbers the cell takes."""

    fingerprint: str
    dataset: str
    task: str


Cells = dict[tuple[str, str], tuple[CellRun, ...]]


@dataclass(frozen=True)
class Expansion:
    """The runs of a table.

    Attributes:
        manifest: The table.
        variant: Variant taken.
        profile: Profile taken.
        why: Why this profile.
        runs: Each run once, row by row.
        cells: Runs by row key and column key (:attr:`TableColumn.key`), in the order of folds and
            seeds; cells that were not asked for, that the row does not have, or whose data is not
            here, are left out.
        unavailable: Datasets that are not here.
        overrides: Settings changed with ``--set``, value text by path.
    """

    manifest: Manifest
    variant: str
    profile: str
    why: str
    runs: tuple[PlannedRun, ...]
    cells: Mapping[tuple[str, str], tuple[CellRun, ...]]
    unavailable: tuple[Unavailable, ...]
    overrides: Mapping[str, str] = field(default_factory=dict)


def expand(manifest: Manifest, request: Request) -> Expansion:
    """Return the runs that a request for a table means.

    Args:
        manifest: Checked by :func:`benchmark.manifest.load.load_manifest`.
        request: What is asked for.

    Raises:
        UnknownNameError: A row, model, dataset, task, profile or variant that is not there.
        UsageError: A selection without a run, or an override that fits no row or takes no such
            value.
    """
    matching([request.variant], ["described", "released"], "variant")
    datasets = matching(request.datasets, list(manifest.datasets), "dataset")
    profile, why = choose_profile(manifest, datasets, request)
    found = [look(manifest, name, request.variant, profile, request.context) for name in datasets]
    work = _Work(manifest, request, profile)
    work.add_all([one for one in found if isinstance(one, Available)])
    missing = (*(one for one in found if isinstance(one, Unavailable)), *work.unavailable)
    if not work.runs and not missing:
        raise UsageError(
            f"nothing of {manifest.id} is selected", "loosen --rows, --folds, --seeds ..."
        )
    runs = tuple(work.runs.values())
    return Expansion(
        manifest=manifest,
        variant=request.variant,
        profile=profile,
        why=why,
        runs=runs,
        cells=work.cells,
        unavailable=missing,
        overrides=dict(request.overrides),
    )


def unite(runs: Iterable[PlannedRun]) -> tuple[PlannedRun, ...]:
    """Return each run once, in order of first appearance, with all that it serves."""
    found: dict[str, PlannedRun] = {}
    for run in runs:
        _add(found, run)
    return tuple(found.values())


class _Work:
    """Collects runs and cells of one table."""

    def __init__(self, manifest: Manifest, request: Request, profile: str) -> None:
        self.manifest, self.request, self.profile = manifest, request, profile
        self.rows = select_rows(manifest, request)
        self.tasks = select_tasks(manifest, request)
        self.folds = numbers(request.folds, "--folds")
        self.seeds = numbers(request.seeds, "--seeds")
        overrides = read_overrides(request.overrides)
        check_rows(overrides, [row.key for row in manifest.rows])
        self.overrides = Overrides(overrides)
        self.columns: dict[tuple[str, str], list[str]] = {}
        for column in manifest.table_columns():
            self.columns.setdefault((column.dataset, column.task), []).append(column.key)
        self.runs: dict[str, PlannedRun] = {}
        self.cells: Cells = {}
        self.unavailable: list[Unavailable] = []

    def add_all(self, datasets: list[Available]) -> None:
        """Add every selected row on every dataset it has."""
        done = False
        for row in self.rows:
            names = self.manifest.row_datasets(row)
            for data in datasets:
                if data.dataset in names:
                    self.try_add(row, data)
                    done = True
        if done:
            self.overrides.check()

    def try_add(self, row: RowEntry, data: Available) -> None:
        """Add a row on a dataset, unless files that the row's split needs are not there."""
        try:
            self.add(row, data)
        except DataNotAvailable as error:
            found = Unavailable(data.dataset, error.message, error.hint)
            if found not in self.unavailable:
                self.unavailable.append(found)

    def add(self, row: RowEntry, data: Available) -> None:
        """Add the runs and cells of a row on a dataset."""
        entry = self.manifest.datasets[data.dataset]
        data = replace(data, used=used_part(data.described, data.dataset, entry, row))
        merged = settings_tree(self.manifest, row, data.dataset, self.request.variant, self.profile)
        settings = self.overrides.apply(merged, row, data.described, data.used)
        names = [task.name for task in data.used.tasks]
        groups = [names] if row.train == "joint" else [[name] for name in names]
        for group in groups:
            scored = [name for name in group if self.wanted(data.dataset, name)]
            if scored:
                runs = list(self.expand_group(row, data, settings, group))
                for run in runs:
                    _add(self.runs, run)
                self.fill(row, data.dataset, scored, runs)

    def wanted(self, dataset: str, task: str) -> bool:
        """Tell whether a task has columns and is selected."""
        return task in self.tasks and (dataset, task) in self.columns

    def expand_group(
        self, row: RowEntry, data: Available, settings: Resolved, tasks: list[str]
    ) -> Iterator[PlannedRun]:
        """Yield one run per fold and seed."""
        of_tasks = f" {tasks[0]}" if row.train == "per_task" else ""
        label = f"{self.manifest.name} {row.key} {data.dataset}{of_tasks}"
        first = PlannedRun(
            spec=_first_spec(data, settings, tasks),
            label=label,
            uses=(Use(table=self.manifest.id, row=row.key),),
            sources={data.dataset: data.release.source},
            timeout=settings.frame.timeout,
            keep_weights="weights" in self.manifest.keep,
        )
        for split in self.splits(data, settings):
            if self.folds is not None and split.fold not in self.folds:
                continue
            for seed in settings.frame.seeds:
                if self.seeds is None or seed in self.seeds:
                    # Not validated again: split and seed come from validated records.
                    spec = first.spec.model_copy(update={"split": split, "seed": seed})
                    part = "split" if split.kind == "ratio" else "fold"
                    name = f"{label} {part} {split.fold} seed {seed}"
                    yield first.model_copy(update={"spec": spec, "label": name})

    def splits(self, data: Available, settings: Resolved) -> tuple[SplitSpec, ...]:
        """Return the splits of a row on a dataset; files are named by what is in them."""
        frame = settings.frame.split
        if frame.files is None:
            return frame.specs()
        loader = DATASETS.load(data.loader.name)
        config = DATASETS.config(data.loader.name).parse(data.loader.config)
        return frame.specs(loader.split_digests(config, self.request.context, frame.files))

    def fill(self, row: RowEntry, dataset: str, tasks: list[str], runs: list[PlannedRun]) -> None:
        """Note which runs each cell of the row is made of."""
        for task in tasks if runs else ():
            cell = tuple(CellRun(run.spec.fingerprint, dataset, task) for run in runs)
            for column in self.columns[dataset, task]:
                self.cells[row.key, column] = cell


def _first_spec(data: Available, settings: Resolved, tasks: list[str]) -> RunSpec:
    component = ComponentSpec(
        dataset=data.dataset,
        loader=data.loader,
        modalities=tuple(modality.name for modality in data.used.modalities),
        tasks=tuple(tasks),
        data=data.release.fingerprint,
    )
    return RunSpec(
        components=(component,),
        model=settings.model,
        encoders=settings.encoders,
        losses={task: ref for task, ref in settings.losses.items() if task in tasks},
        strategy=_of_tasks(settings.strategy, tasks),
        split=SplitSpec(),
        missing=settings.frame.missing,
        threads=settings.frame.threads,
    )


def _of_tasks(strategy: Ref, tasks: list[str]) -> Ref:
    """Leave out what a strategy says of tasks that a run does not train."""
    config = dict(strategy.config)
    if "task_weights" in config:
        config["task_weights"] = {
            name: weight for name, weight in config["task_weights"].items() if name in tasks
        }
    selection = config.get("selection")
    if selection and selection["task"] not in (None, *tasks):
        config["selection"] = {**selection, "task": None}
    return strategy.model_copy(update={"config": config})


def _add(runs: dict[str, PlannedRun], run: PlannedRun) -> None:
    """Add a run, or what it serves to the equal run that is there."""
    name = run.spec.fingerprint
    there = runs.get(name)
    if there is None:
        runs[name] = run
        return
    limits = (there.timeout, run.timeout)
    runs[name] = there.model_copy(
        update={
            "uses": tuple(dict.fromkeys((*there.uses, *run.uses))),
            "timeout": None if None in limits else max(one for one in limits if one is not None),
            "keep_weights": there.keep_weights or run.keep_weights,
        }
    )
