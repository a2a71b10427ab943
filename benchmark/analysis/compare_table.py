"""A comparison as tables: results with ranks, and tests against the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from benchmark.analysis.compare import Compared, Comparison, metric_info
from benchmark.analysis.compare_notes import (
    result_caption,
    result_notes,
    shared_facts,
    shared_warnings,
    test_caption,
    test_notes,
)
from benchmark.analysis.marks import mark_column
from benchmark.analysis.methods import Block, Method
from benchmark.analysis.statistics.reference import Versus
from benchmark.analysis.statistics.ttest import TestResult
from benchmark.analysis.tested import p_text
from benchmark.manifest.expand import Expansion
from benchmark.render.table import Cell, Column, Difference, Measured, Row, Table, Text

_RANK_DIGITS = 2


def compare_table(comparison: Comparison, expansions: Sequence[Expansion]) -> Table:
    """Return the results, with the tests as a table that goes with them where there are any.

    Args:
        comparison: Of :func:`benchmark.analysis.compare.compare`.
        expansions: The tables compared, for the conditions of their numbers.
    """
    results = _results(comparison, expansions)
    if not comparison.tests:
        return results
    return replace(results, further={"tests": _tests(comparison, expansions)})


def compare_record(comparison: Comparison) -> dict[str, Any]:
    """Return ranks and tests as JSON values, not rounded."""
    return {
        "methods": [_method_record(comparison, one) for one in comparison.methods],
        "blocks": [_block_record(comparison, one) for one in comparison.blocks],
        "reference": comparison.reference or None,
        "reference_chosen_by": comparison.chosen,
        "rank_test": _rank_test(comparison),
        "tests": [
            _test_record(
                method.key,
                block.label,
                comparison.tests[method.key, block.key],
                block.key in comparison.corrected,
            )
            for block in comparison.blocks
            for method in comparison.methods
            if (method.key, block.key) in comparison.tests
        ],
    }


def column_key(comparison: Comparison, block: Block) -> str:
    """Return the key of a block's column."""
    return f"{block.label}/{comparison.metrics[block.key]}"


def _results(comparison: Comparison, expansions: Sequence[Expansion]) -> Table:
    columns = [*_block_columns(comparison), *_rank_columns(comparison)]
    rows = [_result_row(comparison, method) for method in comparison.methods]
    for column in columns:
        rows = mark_column(rows, column)
    return Table(
        id="compare/results",
        title=_title(comparison),
        columns=tuple(columns),
        rows=tuple(rows),
        caption=result_caption(comparison, expansions),
        notes=result_notes(comparison, expansions),
        warnings=shared_warnings(comparison, expansions),
        facts=shared_facts(comparison, expansions),
    )


def _title(comparison: Comparison) -> str:
    datasets = list(dict.fromkeys(block.dataset for block in comparison.blocks))
    shown = ", ".join(datasets[:4]) + (f" and {len(datasets) - 4} more" if datasets[4:] else "")
    return f"{len(comparison.methods)} methods on {shown}"


def _block_columns(comparison: Comparison) -> list[Column]:
    columns = []
    for block in comparison.blocks:
        info = metric_info(comparison.metrics[block.key])
        columns.append(
            Column(
                key=column_key(comparison, block),
                label=info.label,
                group=block.label,
                higher_is_better=info.higher_is_better,
                source=block.source,
            )
        )
    return columns


def _rank_columns(comparison: Comparison) -> list[Column]:
    ranking = comparison.ranking
    if not ranking.mean_ranks:
        return []
    n = len(ranking.common)
    group = f"{n} of {len(comparison.blocks)} columns" if ranking.left_out else "all columns"
    return [
        Column("mean_rank", "Mean rank", group, higher_is_better=False),
        Column("wins", "Wins", group),
    ]


def _result_row(comparison: Comparison, method: Method) -> Row:
    cells: dict[str, Cell] = {}
    for block in comparison.blocks:
        found = comparison.cells.get((method.key, block.key))
        if found is not None:
            cells[column_key(comparison, block)] = _measured(found)
    if method.key in comparison.ranking.mean_ranks:
        n = len(comparison.ranking.common)
        mean = comparison.ranking.mean_ranks[method.key]
        cells["mean_rank"] = Measured(mean, None, n, n, _RANK_DIGITS, units=n)
        cells["wins"] = Text(f"{comparison.ranking.wins[method.key]} of {n}")
    return Row(method.key, method.label, cells)


def _measured(cell: Compared) -> Measured:
    value = cell.value
    reason = "; ".join(value.absences)
    return Measured(
        value.mean,
        value.std,
        value.n,
        value.planned,
        reason=reason,
        units=value.units,
        undefined=value.undefined,
    )


def _tests(comparison: Comparison, expansions: Sequence[Expansion]) -> Table:
    reference = next(one for one in comparison.methods if one.key == comparison.reference)
    tested = {block for _, block in comparison.tests}
    columns, blocks = [], [one for one in comparison.blocks if one.key in tested]
    for block in blocks:
        key, label = column_key(comparison, block), metric_info(comparison.metrics[block.key]).label
        columns.append(Column(f"{key}/difference", f"{label} difference (95 %)", block.label))
        columns.append(Column(f"{key}/p", "p", block.label))
    rows = [
        Row(one.key, one.label, _test_cells(comparison, one, blocks))
        for one in comparison.methods
        if one is not reference
    ]
    return Table(
        id="compare/tests",
        title=f"Differences to {reference.label}",
        columns=tuple(columns),
        rows=tuple(rows),
        caption=test_caption(comparison),
        notes=test_notes(comparison),
        warnings=shared_warnings(comparison, expansions),
        facts=shared_facts(comparison, expansions),
    )


def _test_cells(comparison: Comparison, method: Method, blocks: Sequence[Block]) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for block in blocks:
        found = comparison.tests.get((method.key, block.key))
        if found is not None and found.result.mean is not None:
            key = column_key(comparison, block)
            cells[f"{key}/difference"] = _difference(found.result, found.result.mean)
            if found.adjusted is not None:
                cells[f"{key}/p"] = Text(p_text(found.adjusted))
    return cells


def _difference(result: TestResult, mean: float) -> Difference:
    return Difference(mean, result.low, result.high)


def _method_record(comparison: Comparison, method: Method) -> dict[str, Any]:
    return {
        "key": method.key,
        "label": method.label,
        "model": method.model,
        "rows": [use.model_dump() for use in method.uses],
        "mean_rank": comparison.ranking.mean_ranks.get(method.key),
        "wins": comparison.ranking.wins.get(method.key),
    }


def _block_record(comparison: Comparison, block: Block) -> dict[str, Any]:
    return {
        "label": block.label,
        "dataset": block.dataset,
        "task": block.task,
        "metric": comparison.metrics[block.key],
        "source": block.source,
        "tables": list(block.tables),
        "common": block.key in comparison.ranking.common,
        "left_out": comparison.ranking.left_out.get(block.key),
    }


def _test_record(method: str, block: str, versus: Versus, corrected: bool) -> dict[str, Any]:
    result = versus.result
    return {
        "method": method,
        "block": block,
        "test": "corrected resampled t" if corrected else "paired t",
        "difference": result.mean,
        "low": result.low,
        "high": result.high,
        "statistic": result.statistic,
        "df": result.df,
        "p": result.p,
        "p_holm": versus.adjusted,
        "pairs": versus.pairs,
        "note": result.note,
    }


def _rank_test(comparison: Comparison) -> dict[str, Any]:
    found = comparison.ranking.friedman
    if isinstance(found, str):
        return {"name": "Friedman", "reason": found}
    return {
        "name": "Friedman",
        "statistic": found.statistic,
        "p": found.p,
        "critical_difference": found.critical_difference,
        "alpha": found.alpha,
        "blocks": found.blocks,
    }
