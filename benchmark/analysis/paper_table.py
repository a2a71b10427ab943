"""A paper's numbers and ours side by side, as a table every format can show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from benchmark.analysis.cells import Aggregate
from benchmark.analysis.numbers import metric_label
from benchmark.analysis.paper_diff import DEFAULT_TOLERANCE, PaperCell, decimals
from benchmark.analysis.paper_match import unmatched
from benchmark.manifest.printed_schema import PrintedTable
from benchmark.manifest.schema import Manifest
from benchmark.render.printed import cell_of, spread_text, unit_text
from benchmark.render.table import (
    Cell,
    Column,
    Difference,
    Measured,
    Row,
    Table,
    Verdict,
    VerdictWord,
)

#: Name of this table among those that go with a measured one.
AGAINST_PAPER = "against_paper"
_WORDS: tuple[VerdictWord, ...] = get_args(VerdictWord)
_DIGITS = {"fraction": 3, "percent": 1}
_COLUMNS = (
    Column("paper", "Paper"),
    Column("ours", "Ours"),
    Column("difference", "Ours - paper (95 %)"),
    Column("verdict", "Verdict"),
)


def against_paper(
    manifest: Manifest, printed: PrintedTable, cells: Sequence[PaperCell], measured: Table
) -> Table:
    """Return one line per printed cell: paper, ours, difference with interval, verdict.

    Args:
        manifest: Of the measured table.
        printed: The paper's table.
        cells: Of :func:`benchmark.analysis.paper_diff.compare_with_paper`.
        measured: The measured table, whose warnings and facts hold here too.
    """
    labels = {row.key: row.label for row in manifest.rows}
    return Table(
        id=f"{manifest.id}/{AGAINST_PAPER}",
        title="paper against measured",
        columns=_COLUMNS,
        rows=tuple(_row(cell, labels) for cell in cells),
        caption=(
            f"The paper's {printed.where}. {unit_text(printed)}",
            f"Paper: {spread_text(printed.spread)}",
            *_ours(cells),
            *_how(cells, manifest),
            f"Verdicts: {verdict_counts(cells)}.",
        ),
        notes=(*_notes(cells), *unmatched(manifest, printed), *_ledger(printed)),
        stub="Cell",
        warnings=measured.warnings,
        facts={**measured.facts, "level": "0.95", "tolerance": tolerances(manifest)},
    )


def verdict_counts(cells: Iterable[PaperCell]) -> str:
    """Return ``3 agrees, 1 differs`` in a fixed order; ``none`` without cells."""
    counts = Counter(cell.verdict.word for cell in cells)
    return ", ".join(f"{counts[word]} {word}" for word in _WORDS if counts[word]) or "none"


def tolerances(manifest: Manifest) -> str:
    """Return what counts as agreement: ``0.02 (2 points), c_index 0.03 (3 points)``."""
    own = {"default": DEFAULT_TOLERANCE, **manifest.tolerance}
    texts = (f"{name} {value:g} ({100 * value:g} points)" for name, value in own.items())
    return ", ".join(texts).removeprefix("default ")


def folded(table: Table) -> Table:
    """Leave the comparison out where no cell may carry a verdict, and say where to find it.

    One line per cell that says «not comparable» is what a reader of a demo does not need.
    """
    against = table.further.get(AGAINST_PAPER)
    cells = [cell for row in against.rows for cell in row.cells.values()] if against else []
    words = [cell.word for cell in cells if isinstance(cell, Verdict)]
    if not words or any(word != "not comparable" for word in words):
        return table
    text = (
        f"The paper prints {len(words)} of these numbers; none is comparable here. "
        f"`mmbench report {table.id}` sets them side by side."
    )
    further = {name: one for name, one in table.further.items() if name != AGAINST_PAPER}
    return replace(table, notes=(*table.notes, text), further=further)


def any_differs(table: Table) -> bool:
    """Tell whether a measured table differs from its paper in any cell."""
    against = table.further.get(AGAINST_PAPER)
    cells = [cell for row in against.rows for cell in row.cells.values()] if against else []
    return any(isinstance(cell, Verdict) and cell.word == "differs" for cell in cells)


def _row(cell: PaperCell, labels: Mapping[str, str]) -> Row:
    column = cell.pair.column
    label = column.label or metric_label(column.metric, column.pick)
    digits = max(_DIGITS.get(cell.unit, 0), decimals(cell.pair.printed.value or ""))
    cells: dict[str, Cell] = {
        "paper": cell_of(cell.pair.printed),
        "ours": _measured(cell.ours, digits),
        "verdict": cell.verdict,
    }
    if cell.found is not None:
        cells["difference"] = Difference(
            value=cell.found.value,
            low=cell.found.low,
            high=cell.found.high,
            method=cell.found.method,
            unit=cell.unit,
            digits=digits,
        )
    return Row(
        key=f"{cell.pair.row}|{column.key}",
        label=": ".join(filter(None, (column.dataset, column.task))) + f", {label}",
        cells=cells,
        group=labels[cell.pair.row],
    )


def _measured(ours: Aggregate, digits: int) -> Measured:
    # Reasons stand in the verdict, so they need no footnote here.
    return Measured(
        mean=ours.mean,
        std=ours.std,
        n=ours.n,
        planned=ours.planned,
        digits=digits,
        units=ours.units,
        undefined=ours.undefined,
    )


def _ours(cells: Iterable[PaperCell]) -> tuple[str, ...]:
    overs = dict.fromkeys(cell.ours.over for cell in cells if cell.ours.over)
    if not overs:
        return ()
    return (f"Ours: ± is the standard deviation (ddof 1) over {'; '.join(overs)}.",)


def _how(cells: Iterable[PaperCell], manifest: Manifest) -> tuple[str, ...]:
    methods = {cell.found.method for cell in cells if cell.found}
    texts = {
        "welch": (
            "Interval: Welch's of the two means; variances of runs that share training rows are "
            "(1/n + test rows / training rows) times s² (Nadeau and Bengio)."
        ),
        "prediction": (
            "Where the paper's spread is not usable: interval in which its number would fall if it "
            "spread as ours does."
        ),
        "rounding": "Where nothing spreads: the rounding of the printed number.",
    }
    if not methods & set(texts):
        return ()
    return (
        *(text for method, text in texts.items() if method in methods),
        "It differs if the interval leaves out 0, agrees if the interval is within ± "
        f"{tolerances(manifest)}, else it is inconclusive.",
    )


def _notes(cells: Iterable[PaperCell]) -> tuple[str, ...]:
    found = list(dict.fromkeys(note for cell in cells for note in cell.notes))
    single = {cell.ours.over for cell in cells if cell.found and cell.found.method == "welch"}
    if any("on one split" in over for over in single):
        found.append(
            "Seeds of one split share their test rows: the interval does not cover another draw "
            "of them."
        )
    return tuple(found)


def _ledger(printed: PrintedTable) -> tuple[str, ...]:
    return tuple(f"{entry.id}: {entry.text}" for entry in printed.ledger)
