"""Figures of tables and comparisons: which cells go where; drawing is in ``render.figures``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from benchmark.analysis.aggregate import Values
from benchmark.analysis.cells import CellValue
from benchmark.analysis.compare import Comparison, metric_info
from benchmark.analysis.paper_table import AGAINST_PAPER
from benchmark.analysis.statistics.friedman import FriedmanResult, groups_within
from benchmark.render.figures.forest import Against, forest_figures
from benchmark.render.figures.ranks import Ranks, difference_figure, rank_figure
from benchmark.render.figures.rows import FigureRow
from benchmark.render.figures.strip import Panel, Strip, strip_figures
from benchmark.render.table import Difference, Measured, Table, Verdict
from benchmark.render.wording import Wording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Named = Iterator[tuple[str, "Figure"]]
#: Columns of common ground from which mean ranks say more than the column itself.
_RANKED = 2


def table_figures(table: Table, values: Values) -> Named:
    """Yield names and figures of a measured table: its strips, and the paper's numbers against it.

    Args:
        table: Of :func:`benchmark.analysis.aggregate.build_table`.
        values: Of :func:`benchmark.analysis.aggregate.cell_values`.
    """
    name = table.id.replace("/", "-")
    rows = [FigureRow(row.key, row.label, row.group) for row in table.rows]
    panels = [
        Panel(
            title=column.group,
            label=column.label,
            strips={
                row.key: _strip(table_cell, values.get((row.key, column.key), ()))
                for row in table.rows
                if isinstance(table_cell := row.cells.get(column.key), Measured)
            },
            higher_is_better=column.higher_is_better,
        )
        for column in table.columns
    ]
    title = f"{table.id}: {table.title}"
    yield from _numbered(f"{name}-strip", strip_figures(title, rows, panels, _footer(table)))
    if AGAINST_PAPER in table.further:
        yield from _forests(name, table.further[AGAINST_PAPER])


def comparison_figures(comparison: Comparison, table: Table) -> Named:
    """Yield names and figures of a comparison: strips, mean ranks, and critical differences.

    Mean ranks need two columns of common ground, critical differences six.

    Args:
        comparison: Of :func:`benchmark.analysis.compare.compare`.
        table: Its results as a table.
    """
    rows = [FigureRow(one.key, one.label) for one in comparison.methods]
    title, footer = f"Comparison of {table.title}", _footer(table)
    yield from _numbered(
        "compare-strip", strip_figures(title, rows, _block_panels(comparison), footer)
    )
    ranks = comparison_ranks(comparison)
    if ranks is None or len(comparison.ranking.common) < _RANKED:
        return
    over = f"over {_count(len(comparison.ranking.common), 'column')}"
    yield "compare-ranks", rank_figure(f"Mean ranks {over}", ranks, footer)
    if ranks.critical_difference is not None:
        heading = f"Critical-difference diagram {over}"
        yield "compare-critical-difference", difference_figure(heading, ranks, footer)


def comparison_ranks(comparison: Comparison) -> Ranks | None:
    """Return the mean ranks of a comparison; None without common ground."""
    ranking = comparison.ranking
    ranked = [one for one in comparison.methods if one.key in ranking.mean_ranks]
    if not ranked:
        return None
    means = tuple(ranking.mean_ranks[one.key] for one in ranked)
    found = ranking.friedman if isinstance(ranking.friedman, FriedmanResult) else None
    return Ranks(
        labels=tuple(one.label for one in ranked),
        mean_ranks=means,
        block_ranks=tuple(ranking.ranks[one.key] for one in ranked),
        critical_difference=found.critical_difference if found else None,
        groups=groups_within(means, found.critical_difference) if found else (),
    )


def paper_records(against: Table) -> dict[str, list[Against]]:
    """Return differences to a paper by their unit; cells without one are left out.

    Args:
        against: Of :func:`benchmark.analysis.paper_table.against_paper`.
    """
    words = Wording(against)
    columns = {column.key: column for column in against.columns}
    found: dict[str, list[Against]] = {}
    for row in against.rows:
        difference, verdict = row.cells.get("difference"), row.cells.get("verdict")
        if isinstance(difference, Difference) and isinstance(verdict, Verdict):
            ours, paper = (words.cell(row, columns[key]) for key in ("ours", "paper"))
            one = Against(
                label=row.label,
                group=row.group,
                ours=f"{ours.mean} ± {ours.spread}" if ours.spread else ours.mean,
                printed=f"{paper.mean} ± {paper.spread}" if paper.spread else paper.mean,
                difference=difference.value,
                low=difference.low,
                high=difference.high,
                verdict=verdict.word,
            )
            found.setdefault(difference.unit, []).append(one)
    return found


def _forests(name: str, against: Table) -> Named:
    by_unit = paper_records(against)
    drawn = sum(map(len, by_unit.values()))
    rest = len(against.rows) - drawn
    footer = [*against.warnings]
    if rest:
        footer.append(f"{_count(rest, 'printed cell')} without a measured number not shown.")
    for unit, records in by_unit.items():
        stem = f"{name}-forest" + (f"-{unit}" if len(by_unit) > 1 else "")
        figures = forest_figures(f"{against.id}: {against.title}", records, footer, unit)
        yield from _numbered(stem, figures)


def _block_panels(comparison: Comparison) -> list[Panel]:
    panels = []
    for block in comparison.blocks:
        info = metric_info(comparison.metrics[block.key])
        strips = {}
        for method in comparison.methods:
            cell = comparison.cells.get((method.key, block.key))
            if cell is not None:
                value = cell.value
                missing = _missing(value.n, value.planned)
                strips[method.key] = Strip(cell.points, value.mean, value.std, missing)
        panels.append(Panel(block.label, info.label, strips, info.higher_is_better))
    return panels


def _strip(cell: Measured, values: Sequence[CellValue]) -> Strip:
    points = tuple(one.value for one in values if one.value is not None)
    return Strip(points, cell.mean, cell.std, _missing(cell.n, cell.planned))


def _missing(n: int, planned: int) -> str:
    return "" if n == planned else f"{n}/{planned}"


def _numbered(stem: str, figures: Iterator[Figure]) -> Named:
    """Name figures ``stem``, ``stem-2`` and so on."""
    for number, figure in enumerate(figures, start=1):
        yield (stem if number == 1 else f"{stem}-{number}"), figure


def _footer(table: Table) -> list[str]:
    """Return the conditions of a table that a figure must carry; not those on bold and ranks."""
    conditions = [one for one in table.caption if not one.startswith(("Bold", "Mean rank"))]
    return [*table.warnings, " ".join(conditions)]


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
