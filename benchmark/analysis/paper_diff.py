"""Our numbers against a paper's, cell by cell: difference, interval, verdict.

Only real data under the profile ``paper``, unchanged settings and a metric the paper defines carry
a verdict; every other cell says why it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmark.analysis.captions import changed, sources_of
from benchmark.analysis.cells import Aggregate, CellValue, aggregate
from benchmark.analysis.paper_match import Pair, pairs
from benchmark.analysis.printed_spread import PrintedSpread, convert
from benchmark.analysis.statistics.ratio import nominal_ratio
from benchmark.analysis.verdict import Interval, Sample, difference, judge
from benchmark.core.spec import RunSpec
from benchmark.manifest.described import unlike_papers
from benchmark.manifest.expand import Expansion
from benchmark.manifest.printed_schema import SUFFIXES, UNKNOWN, PrintedCell, PrintedTable, Unit
from benchmark.manifest.schema import Manifest
from benchmark.metrics import COUNTED
from benchmark.render.table import Verdict

DEFAULT_TOLERANCE = 0.02
#: Units of scores, with what one is in them; other units depend on machines or are not scores.
SCALES: dict[Unit, float] = {"fraction": 1.0, "percent": 100.0}

#: Test rows / training rows of a run; None if nobody knows.
RatioOf = Callable[[RunSpec], float | None]


@dataclass(frozen=True)
class PaperCell:
    """A printed cell beside what we measured.

    Attributes:
        pair: Row, columns and the printed cell.
        unit: Unit of the printed number; ``ours`` and ``found`` are in it too.
        ours: What we have.
        found: Difference and interval; None where there is nothing to subtract.
        verdict: Word, and why there is no comparison or no interval.
        notes: What was assumed about the printed spread.
    """

    pair: Pair
    unit: Unit
    ours: Aggregate
    found: Interval | None
    verdict: Verdict
    notes: tuple[str, ...] = ()


def compare_with_paper(
    expansion: Expansion,
    printed: PrintedTable,
    values: Mapping[tuple[str, str], Sequence[CellValue]],
    ratio_of: RatioOf = lambda spec: nominal_ratio(spec.split),
) -> tuple[PaperCell, ...]:
    """Return every cell of an expansion that the paper prints, in the manifest's order.

    Args:
        expansion: Rows, columns and runs.
        printed: The paper's table.
        values: Of :func:`benchmark.analysis.aggregate.cell_values`.
        ratio_of: Test rows / training rows of a run.
    """
    hindrances = _Hindrances(expansion, sources_of(expansion))
    specs = {run.spec.fingerprint: run.spec for run in expansion.runs}
    cells = []
    for pair in pairs(expansion.manifest, printed):
        key = (pair.row, pair.column.key)
        if key in expansion.cells:
            first = specs[expansion.cells[key][0].fingerprint]
            work = _Work(expansion.manifest, printed, pair, ratio_of(first))
            cells.append(work.cell(values[key], hindrances.of(pair)))
    return tuple(cells)


@dataclass(frozen=True)
class _Hindrances:
    """What forbids a verdict, whatever the numbers are."""

    expansion: Expansion
    sources: Mapping[str, str]

    def of(self, pair: Pair) -> str:
        """Return the first that holds for a cell; empty if none does."""
        definition = pair.printed_column.definition
        if reason := self.of_data(pair):
            return reason
        if own := changed(self.expansion, pair.row):
            return f"changed with --set: {', '.join(own)}"
        if definition == UNKNOWN:
            return "the paper does not define its metric"
        return "" if definition == pair.column.metric else f"the paper's metric is {definition}"

    def of_data(self, pair: Pair) -> str:
        """Return what is other than the paper's in data and scale."""
        if pair.column.metric in COUNTED:
            return ""  # at the scale of the paper, whatever data and profile there are
        source = self.sources.get(pair.column.dataset, "")
        if source != "real":
            return f"{source} data"
        if reason := unlike_papers(self.expansion.manifest, pair.column.dataset):
            return reason
        return "" if self.expansion.profile == "paper" else f"profile {self.expansion.profile}"


@dataclass(frozen=True)
class _Work:
    """One cell."""

    manifest: Manifest
    printed: PrintedTable
    pair: Pair
    ratio: float | None

    def cell(self, values: Sequence[CellValue], hindrance: str) -> PaperCell:
        unit = self.printed.unit_of(self.pair.printed_column.key)
        ours = _scaled(aggregate(values), SCALES.get(unit, 1.0))
        spread = convert(self.pair.printed, self.printed.spread)
        reason = _unreadable(self.pair.printed) or _absent(ours)
        if reason:
            return PaperCell(self.pair, unit, ours, None, _not_comparable(hindrance or reason))
        if unit not in SCALES:
            return self.no_score(unit, ours, hindrance)
        found = self.interval(ours, spread, over_splits=len({one.split for one in values}) > 1)
        if hindrance:
            bare = Interval(found.value)
            return PaperCell(self.pair, unit, ours, bare, _not_comparable(hindrance))
        if ours.n < ours.planned:
            bare, why = Interval(found.value), f"only {ours.n} of {ours.planned} runs"
            return PaperCell(self.pair, unit, ours, bare, _not_comparable(why))
        tolerance = self.tolerance() * SCALES[unit]
        verdict = Verdict(judge(found, tolerance), found.reason)
        return PaperCell(self.pair, unit, ours, found, verdict, spread.notes)

    def no_score(self, unit: Unit, ours: Aggregate, hindrance: str) -> PaperCell:
        """Subtract what is no score; a count agrees if it rounds to what is printed."""
        cell = self.pair.printed
        if ours.mean is None or cell.mean is None:
            raise ValueError("both numbers are needed")
        value = ours.mean - cell.mean
        if self.pair.column.metric in COUNTED and not hindrance:
            verdict = Verdict("agrees" if abs(value) <= _resolution(cell) else "differs")
        else:
            verdict = _not_comparable(hindrance or f"{unit} are no score")
        return PaperCell(self.pair, unit, ours, Interval(value), verdict)

    def interval(self, ours: Aggregate, spread: PrintedSpread, over_splits: bool) -> Interval:
        """Subtract, with the corrected variance on each side whose runs share training rows."""
        cell = self.pair.printed
        if ours.mean is None or cell.mean is None:
            raise ValueError("both numbers are needed")
        if over_splits and self.ratio is None:
            value = ours.mean - cell.mean
            return Interval(value, reason="how many rows the runs trained on is not known")
        # Prediction needs as many runs as the paper's mean only where these are of our kind.
        n = spread.n if spread.std is not None or spread.shared == over_splits else None
        return difference(
            Sample(ours.mean, ours.std, ours.units, (self.ratio or 0.0) if over_splits else 0.0),
            Sample(
                cell.mean, spread.std, n, self.printed_ratio(spread, over_splits), _resolution(cell)
            ),
        )

    def printed_ratio(self, spread: PrintedSpread, over_splits: bool) -> float:
        """Return the share of the paper's splits: ours, or that of folds without validation."""
        if spread.std is None:
            # Our own spread stands in, so its correction does too.
            return (self.ratio or 0.0) if over_splits else 0.0
        if not spread.shared or spread.n is None:
            return 0.0
        return self.ratio if over_splits and self.ratio else 1 / (spread.n - 1)

    def tolerance(self) -> float:
        """Return what counts as agreement, as a fraction."""
        given = self.manifest.tolerance
        return given.get(self.pair.column.metric, given.get("default", DEFAULT_TOLERANCE))


def _not_comparable(reason: str) -> Verdict:
    return Verdict("not comparable", reason)


def _unreadable(cell: PrintedCell) -> str:
    if not cell.applicable:
        return "the paper has no such result"
    if cell.vector:
        return "the paper prints several numbers"
    if cell.mean is None:
        return "the printed number is lost"
    return ""


def _absent(ours: Aggregate) -> str:
    if ours.mean is not None:
        return ""
    return "; ".join(ours.absences) or "not run"


def _scaled(ours: Aggregate, scale: float) -> Aggregate:
    mean = None if ours.mean is None else ours.mean * scale
    std = None if ours.std is None else ours.std * scale
    return replace(ours, mean=mean, std=std)


def decimals(text: str) -> int:
    """Return how many digits a printed number has behind its point; none in 1.5M and 3.2B."""
    return 0 if text.endswith(tuple(SUFFIXES)) else _behind_point(text)


def _behind_point(text: str) -> int:
    return len(text.rstrip("".join(SUFFIXES)).partition(".")[2])


def _resolution(cell: PrintedCell) -> float:
    """Return half a unit of the last printed digit."""
    text = cell.value or ""
    return 0.5 * SUFFIXES.get(text[-1:], 1.0) * 10.0 ** -_behind_point(text)
