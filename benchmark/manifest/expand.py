"""From a manifest to runs: every row × dataset × fold × seed, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmark.core.errors import DataNotAvailable, UsageError
from benchmark.core.result import USUAL, Pick
from benchmark.manifest.availability import Available, Unavailable, choose_profile, look
from benchmark.manifest.derived import Derived, scenario_label
from benchmark.manifest.options import check_options, is_option
from benchmark.manifest.overrides import Overrides, check_rows, read_overrides
from benchmark.manifest.plan import PlannedRun
from benchmark.manifest.resolve import with_tasks
from benchmark.manifest.row_runs import Group
from benchmark.manifest.schema import Manifest, RowEntry, TableColumn
from benchmark.manifest.selection import Request, matching, select_rows, select_tasks
from benchmark.manifest.weights import WeightsMissing
from benchmark.measures import analysis_info
from benchmark.metrics import COUNTED, is_quantity


class CellRun(NamedTuple):
    """A run behind a cell, and which of its numbers the cell takes."""

    fingerprint: str
    dataset: str
    task: str
    pick: Pick = USUAL


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
        no_weights: Pretrained files that are not here; rows that need them are left out.
    """

    manifest: Manifest
    variant: str
    profile: str
    why: str
    runs: tuple[PlannedRun, ...]
    cells: Mapping[tuple[str, str], tuple[CellRun, ...]]
    unavailable: tuple[Unavailable, ...]
    overrides: Mapping[str, str] = field(default_factory=dict)
    no_weights: tuple[str, ...] = ()


def expand(manifest: Manifest, request: Request, need_weights: bool = True) -> Expansion:
    """Return the runs that a request for a table means.

    Args:
        manifest: Checked by :func:`benchmark.manifest.load.load_manifest`.
        request: What is asked for.
        need_weights: Whether pretrained weights that are not here are an error.

    Raises:
        UnknownNameError: A row, model, dataset, task, profile or variant that is not there.
        UsageError: A selection without a run, or an override that fits no row or takes no such
            value.
        WeightsMissing: Files of pretrained weights that rows need are not here; names all.
    """
    matching([request.variant], ["described", "released"], "variant")
    check_options(request.overrides, manifest)
    datasets = matching(request.datasets, list(manifest.datasets), "dataset")
    profile, why = choose_profile(manifest, datasets, request)
    manifest = with_tasks(manifest, request.variant, profile)
    found = [look(manifest, name, profile, request) for name in datasets]
    work = _Work(manifest, request, profile)
    work.add_all(found)
    if work.no_weights and need_weights:
        raise WeightsMissing(work.no_weights, request.context.paths.weights)
    missing = (*(one for one in found if isinstance(one, Unavailable)), *work.unavailable)
    if not work.runs and not missing and not work.no_weights:
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
        no_weights=tuple(sorted(work.no_weights)),
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
        overrides = read_overrides(
            {path: text for path, text in request.overrides.items() if not is_option(path)}
        )
        check_rows(overrides, [row.key for row in manifest.rows])
        self.overrides = Overrides(overrides)
        self.derived = Derived(manifest, request, profile, self.overrides)
        self.columns: dict[tuple[str, str], list[TableColumn]] = {}
        for column in manifest.table_columns():
            self.columns.setdefault((column.dataset, column.task), []).append(column)
        self.runs: dict[str, PlannedRun] = {}
        self.cells: Cells = {}
        self.unavailable: list[Unavailable] = []
        self.no_weights: set[str] = set()

    def add_all(self, datasets: list[Available | Unavailable]) -> None:
        """Add every selected row on every dataset it has."""
        done = False
        for row in self.rows:
            names = self.manifest.row_datasets(row)
            for data in datasets:
                if data.dataset in names:
                    self.try_add(row, data)
                    done |= isinstance(data, Available)
        if done:
            self.overrides.check()

    def try_add(self, row: RowEntry, data: Available | Unavailable) -> None:
        """Add a row on a dataset, unless files that the row's runs need are not there."""
        try:
            if row.kind == "measure":
                self.add_measured(row, data)
            elif isinstance(data, Available):
                (self.add_evaluated if row.kind == "evaluate" else self.add)(row, data)
        except WeightsMissing as error:
            self.no_weights.update(error.files)
        except DataNotAvailable as error:
            found = Unavailable(data.dataset, error.message, error.hint)
            if found not in self.unavailable:
                self.unavailable.append(found)

    def add(self, row: RowEntry, data: Available) -> None:
        """Add the runs and cells of a row that is trained on a dataset."""
        for group in self.derived.own.groups(row, data, self.wanted(data.dataset)):
            for run in group.runs:
                _add(self.runs, run)
            self.fill(row, data.dataset, group)

    def add_evaluated(self, row: RowEntry, data: Available) -> None:
        """Add the runs and cells of a row that looks at others, and the runs it looks at."""
        for group, parents in self.derived.evaluated(row, data, self.wanted(data.dataset)):
            for run in (*parents, *group.runs):
                _add(self.runs, run)
            self.fill(row, data.dataset, group)

    def add_measured(self, row: RowEntry, data: Available | Unavailable) -> None:
        """Add the runs and cells of a row that tells what another costs."""
        columns = self.columns.get((data.dataset, ""), [])
        counted = [one for one in columns if one.metric in COUNTED]
        timed = [one for one in columns if one.metric not in COUNTED]
        if counted:
            self.put(row, counted, self.derived.counted(row, data.dataset))
        if timed and isinstance(data, Available):
            self.put(row, timed, self.derived.timed(row, data))

    def put(self, row: RowEntry, columns: Sequence[TableColumn], run: PlannedRun) -> None:
        """Add a run that gives a row's cells of some columns without a task."""
        _add(self.runs, run)
        for one in columns:
            cell = CellRun(run.spec.fingerprint, one.dataset, "", row.pick.on(one.pick))
            self.cells[row.key, one.key] = (cell,)

    def wanted(self, dataset: str) -> Callable[[str], bool]:
        """Return what tells whether a task of a dataset has columns and is selected."""
        return lambda task: task in self.tasks and (dataset, task) in self.columns

    def fill(self, row: RowEntry, dataset: str, group: Group) -> None:
        """Note which runs each cell of the row is made of."""
        for task in filter(self.wanted(dataset), group.tasks if group.runs else ()):
            for column in self.columns[dataset, task]:
                pick = _pick(row, column)
                if not _has(row, column.metric, pick):
                    continue
                self.cells[row.key, column.key] = tuple(
                    CellRun(run.spec.fingerprint, dataset, task, pick) for run in group.runs
                )


def _has(row: RowEntry, metric: str, pick: Pick) -> bool:
    """Tell whether a row can have such a number, so that an empty cell is no missing run."""
    if row.kind == "evaluate" and row.analysis:
        info = analysis_info(str(row.analysis["name"]))
        return metric in info.gives or (info.scores and not is_quantity(metric))
    own = pick._replace(stage=USUAL.stage, scenario=USUAL.scenario)
    clean = pick.scenario == USUAL.scenario or row.kind == "evaluate"
    if row.kind == "evaluate":
        own = own._replace(subgroup=USUAL.subgroup)
    return clean and own == USUAL and not is_quantity(metric)


def _pick(row: RowEntry, column: TableColumn) -> Pick:
    """Return which value a cell shows: the row has the last word, its scenario the first."""
    scenario = scenario_label(row.scenario)
    first = column.pick if column.pick.scenario != "clean" else None
    return row.pick.on(first or column.pick._replace(scenario=scenario))


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
