"""Compare methods over blocks (dataset × task): common ground, ranks, wins, corrected tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmark.analysis.aggregate import cell_value
from benchmark.analysis.cells import Aggregate, aggregate, unit_means
from benchmark.analysis.methods import Block, Field, Method
from benchmark.analysis.ranking import Ranking, agreed_reference, choose_reference, rank
from benchmark.analysis.statistics.ratio import Sizes, ratio_of_runs, split_name
from benchmark.analysis.statistics.reference import Versus, compare_to_reference
from benchmark.analysis.values import Asked, Found, shown_values
from benchmark.core.errors import UsageError
from benchmark.core.problem import TaskKind
from benchmark.core.spec import RunSpec
from benchmark.metrics import METRICS, MetricInfo

if TYPE_CHECKING:
    from pandas import DataFrame

#: Compared where no metric is asked for. A task's kind is told by the metrics its runs stored.
DEFAULT_METRICS: Mapping[TaskKind, str] = {
    "survival": "c_index",
    "binary": "auroc_binary",
    "multiclass": "auroc_ovr_macro",
    "multilabel": "auroc_ovr_macro",
    "regression": "mae",
    "segmentation": "dice_macro",
}


Chosen = Literal["named", "tables", "rank"]


@dataclass(frozen=True)
class Compared:
    """One method on one block.

    Attributes:
        value: Mean and spread.
        points: Metric of each run that has one, in the order of folds and seeds.
        units: Mean by unit: folds, splits, or seeds of one split.
    """

    value: Aggregate
    points: tuple[float, ...]
    units: Mapping[str, float]

    @property
    def complete(self) -> bool:
        """Whether every planned run gave a value."""
        return bool(self.value.n) and self.value.n == self.value.planned


@dataclass(frozen=True)
class Comparison:
    """Methods × blocks.

    Attributes:
        methods: Best mean rank first; without common ground in the order of tables and rows.
        blocks: Those for which something is stored.
        metrics: Metric by block key.
        cells: By method key and block key; a method may lack a block.
        ranking: Ranks and wins on common ground, and what was left out of it.
        reference: Key of the method the others are tested against; empty if there is none.
        chosen: Who chose the reference: ``named`` on the command line, by the ``tables``, or
            ``rank``: these very results did.
        tests: By method key and block key.
        corrected: Keys of blocks whose units are folds or splits, which share training rows.
        dropped: Sentences on blocks and methods without any result.
    """

    methods: tuple[Method, ...]
    blocks: tuple[Block, ...]
    metrics: Mapping[str, str]
    cells: Mapping[tuple[str, str], Compared]
    ranking: Ranking
    reference: str
    chosen: Chosen
    tests: Mapping[tuple[str, str], Versus]
    corrected: frozenset[str]
    dropped: tuple[str, ...]


def compare(
    known: Field,
    view: DataFrame,
    statuses: Mapping[str, str],
    sizes: Sizes,
    metrics: Sequence[str] = (),
    reference: str = "",
    of_tables: Mapping[str, str | None] | None = None,
) -> Comparison:
    """Compare methods on what is stored.

    Args:
        known: Of :func:`benchmark.analysis.methods.collect`.
        view: Of ``benchmark.store.view.load_view``.
        statuses: Stored status by fingerprint, of all runs that are stored.
        sizes: Rows by part of a run, for the correction of tests over folds.
        metrics: A block takes the first one it has; none takes :data:`DEFAULT_METRICS`.
        reference: ``ROW``, label, model or ``TABLE:ROW``; empty takes the method that all tables
            name as theirs, else the best mean rank.
        of_tables: The row that each table names as its reference, None where it names none.

    Raises:
        UnknownNameError: No such metric or reference.
        UsageError: Nothing is stored, or several methods are called ``reference``.
    """
    for metric in metrics:
        METRICS.entry(metric)
    named = choose_reference(known.methods, reference) if reference else ""
    found = shown_values(view, known.runs)
    chosen, dropped = _metrics(known, found, metrics)
    cells = _cells(known, chosen, found, statuses)
    blocks = tuple(one for one in known.blocks if one.key in chosen)
    methods, without = _present(known.methods, cells)
    if not methods:
        raise UsageError("nothing to compare is stored", _HOW_TO_RUN)
    if named and named not in {one.key for one in methods}:
        raise UsageError(f"the reference {reference!r} has no results", _HOW_TO_RUN)
    means = {key: _mean_if_complete(cell) for key, cell in cells.items()}
    ranking = rank(methods, blocks, means, {key: _higher(one) for key, one in chosen.items()})
    agreed = "" if named else agreed_reference(methods, of_tables or {})
    first = named or agreed or ranking.best
    tests, corrected = _tests(known, methods, blocks, cells, first, sizes)
    return Comparison(
        methods=tuple(sorted(methods, key=lambda one: ranking.mean_ranks.get(one.key, 0.0))),
        blocks=blocks,
        metrics=chosen,
        cells=cells,
        ranking=ranking,
        reference=first,
        chosen="named" if named else "tables" if agreed else "rank",
        tests=tests,
        corrected=corrected,
        dropped=(*dropped, *without),
    )


_HOW_TO_RUN = "'mmbench run TABLE' computes what 'mmbench plan TABLE' lists"


def metric_info(metric: str) -> MetricInfo:
    """Return the catalogue entry of a metric."""
    entry = METRICS.entry(metric)
    assert isinstance(entry, MetricInfo)
    return entry


def _higher(metric: str) -> bool:
    return metric_info(metric).higher_is_better


def _metrics(
    known: Field, found: Mapping[Asked, Found], wanted: Sequence[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Choose each block's metric; blocks without one are named in sentences."""
    stored: dict[tuple[str, str, str], set[str]] = {}
    for one in found:
        stored.setdefault(one[:3], set()).add(one.metric)
    order = list(wanted) or list(dict.fromkeys(DEFAULT_METRICS.values()))
    chosen, dropped = {}, []
    for block in known.blocks:
        there: set[str] = set()
        for method in known.methods:
            for name in method.cells.get(block.key, ()):
                there |= stored.get((name, block.dataset, block.task), set())
        metric = next((one for one in order if one in there), None)
        if metric is not None:
            chosen[block.key] = metric
        elif there:
            dropped.append(f"{block.label} has no {' or '.join(order)}.")
        else:
            dropped.append(f"{block.label} has no results yet.")
    return chosen, tuple(dropped)


def _cells(
    known: Field,
    metrics: Mapping[str, str],
    found: Mapping[Asked, Found],
    statuses: Mapping[str, str],
) -> dict[tuple[str, str], Compared]:
    places = {block.key: block for block in known.blocks}
    cells = {}
    for method in known.methods:
        for key, names in method.cells.items():
            if key in metrics:
                block = places[key]
                asked = [Asked(name, block.dataset, block.task, metrics[key]) for name in names]
                specs = [known.runs[name] for name in names]
                cells[method.key, key] = _compared(asked, specs, found, statuses)
    return cells


def _compared(
    asked: Sequence[Asked],
    specs: Sequence[RunSpec],
    found: Mapping[Asked, Found],
    statuses: Mapping[str, str],
) -> Compared:
    values = [
        cell_value(one, found, statuses, spec, split_name(spec.split))
        for one, spec in zip(asked, specs, strict=True)
    ]
    points = tuple(one.value for one in values if one.value is not None)
    return Compared(aggregate(values), points, unit_means(values))


def _present(
    methods: Sequence[Method], cells: Mapping[tuple[str, str], Compared]
) -> tuple[list[Method], list[str]]:
    """Return methods with a number, and a sentence on those without."""
    have = {method for (method, _), cell in cells.items() if cell.value.n}
    absent = [one.label for one in methods if one.key not in have]
    present = [one for one in methods if one.key in have]
    return present, [f"No results yet: {', '.join(absent)}."] if absent else []


def _mean_if_complete(cell: Compared) -> float | None:
    return cell.value.mean if cell.complete else None


def _tests(
    known: Field,
    methods: Sequence[Method],
    blocks: Sequence[Block],
    cells: Mapping[tuple[str, str], Compared],
    reference: str,
    sizes: Sizes,
) -> tuple[dict[tuple[str, str], Versus], frozenset[str]]:
    """Test every method against the reference, block by block."""
    tests: dict[tuple[str, str], Versus] = {}
    corrected = set()
    origin = next((one for one in methods if one.key == reference), None)
    for block in blocks if origin else ():
        names = origin.cells.get(block.key, ()) if origin else ()
        ratio = ratio_of_runs([known.runs[name] for name in names], sizes)
        if ratio:
            corrected.add(block.key)
        units = {
            method.key: cells[method.key, block.key].units
            for method in methods
            if (method.key, block.key) in cells
        }
        found = compare_to_reference(units, reference, ratio)
        tests |= {(key, block.key): one for key, one in found.items()}
    return tests, frozenset(corrected)
