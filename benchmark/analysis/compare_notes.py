"""What a reader must know of a comparison: spread, ground, reference, tests, data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.analysis.captions import (
    SOURCES,
    facts,
    source_warnings,
    sources_of,
    spread,
    warnings,
)
from benchmark.analysis.cells import Aggregate
from benchmark.analysis.compare import Comparison
from benchmark.analysis.methods import Block
from benchmark.analysis.tested import how_tested, remark
from benchmark.manifest.expand import Expansion


def result_caption(comparison: Comparison, expansions: Sequence[Expansion]) -> tuple[str, ...]:
    """Return the sentences below the results."""
    return (
        *spread(_aggregates(comparison)),
        "Metrics on the test part; anything chosen is chosen on the validation part.",
        f"Data: {_data(comparison.blocks)}.",
        *_conditions(expansions),
        *_ground(comparison),
        "Bold is the best mean of a column, underlined the second best; all rows compete, "
        "unless runs are missing.",
    )


def result_notes(comparison: Comparison, expansions: Sequence[Expansion]) -> tuple[str, ...]:
    """Return what goes below the results: what was left out, rows that are one, the rank test."""
    return (
        *_left_out(comparison),
        *comparison.dropped,
        *_unavailable(expansions),
        *_spread_notes(comparison),
        *_definitions(comparison.blocks),
        *_united(comparison),
        *_controls(comparison),
        _rank_test(comparison),
        *_without_reference(comparison),
    )


def test_caption(comparison: Comparison) -> tuple[str, ...]:
    """Return the sentences below the tests: which test, which correction, which reference."""
    tested = {block for (_, block), one in comparison.tests.items() if one.result.p is not None}
    folds, seeds = tested & comparison.corrected, tested - comparison.corrected
    labels = [
        [one.label for one in comparison.blocks if one.key in some] for some in (folds, seeds)
    ]
    return (*how_tested(*labels), *_CHOSEN_BY[comparison.chosen])


_CHOSEN_BY = {
    "named": (),
    "tables": ("The reference is the one the tables name.",),
    "rank": (
        "The reference has the best mean rank of these very results, so p-values against it are "
        "too small; --reference names one beforehand.",
    ),
}


def test_notes(comparison: Comparison) -> tuple[str, ...]:
    """Say where there is no test, or one over fewer units than the column has."""
    labels = {one.key: one.label for one in comparison.methods}
    labels |= {one.key: one.label for one in comparison.blocks}
    lines: list[str] = []
    for (method, block), versus in comparison.tests.items():
        units = len(comparison.cells[comparison.reference, block].units)
        lines += remark(f"{labels[method]}, {labels[block]}", versus, units)
    return tuple(lines)


def shared_warnings(comparison: Comparison, expansions: Sequence[Expansion]) -> tuple[str, ...]:
    """Return what forbids a comparison, of every table once, and a mix of sources."""
    sources = [pair for one in expansions for pair in sources_of(one).items()]
    # One line for all datasets of a source, not one for every set of datasets that a table has.
    lines = dict.fromkeys(source_warnings(sources))
    for one in expansions:
        alone = source_warnings(sources_of(one).items())
        lines |= dict.fromkeys(line for line in warnings(one) if line not in alone)
    kinds = {block.source for block in comparison.blocks if block.key in comparison.ranking.common}
    if comparison.ranking.mean_ranks and len(kinds) > 1:
        lines[f"Mean ranks mix {' and '.join(sorted(kinds))} data."] = None
    return tuple(lines)


def shared_facts(comparison: Comparison, expansions: Sequence[Expansion]) -> dict[str, str]:
    """Return the conditions for programs; several values are joined by ``; ``."""
    found = [facts(one, _aggregates(comparison)) for one in expansions]
    joined = {
        name: "; ".join(dict.fromkeys(one[name] for one in found)) for name in (found or [{}])[0]
    }
    tables = "; ".join(one.manifest.id for one in expansions)
    return {**joined, "tables": tables, "reference": comparison.reference}


def _aggregates(comparison: Comparison) -> list[Aggregate]:
    return [cell.value for cell in comparison.cells.values()]


def _data(blocks: Sequence[Block]) -> str:
    found = {f"{one.dataset} {SOURCES[one.source]}": None for one in blocks if one.source}
    return ", ".join(found)


def _conditions(expansions: Sequence[Expansion]) -> Iterator[str]:
    """Say variant and profile once for all tables that share them."""
    tables: dict[tuple[str, str], list[str]] = {}
    for one in expansions:
        tables.setdefault((one.variant, one.profile), []).append(one.manifest.id)
    for (variant, profile), names in tables.items():
        yield f"From {', '.join(names)}: variant {variant}, profile {profile}."


def _ground(comparison: Comparison) -> list[str]:
    ranking = comparison.ranking
    if not ranking.mean_ranks:
        return []
    n = len(ranking.common)
    which = f"the {n} columns" if n > 1 else "the one column"
    return [
        f"Mean rank (1 is best, equal means share a rank) and wins (no better mean) over {which} "
        "where every method has all its runs."
    ]


def _left_out(comparison: Comparison) -> Iterator[str]:
    labels = {one.key: one.label for one in comparison.blocks}
    ranking = comparison.ranking
    if not ranking.common and len(comparison.methods) > 1:
        yield (
            "No mean rank: no column has complete results of all methods. --rows, --models or "
            "--datasets narrow the comparison; --match label takes rows of one label and model in "
            "several tables for one method."
        )
    for key, reason in ranking.left_out.items():
        yield f"Not in the mean rank: {labels[key]}: {reason}."


def _unavailable(expansions: Sequence[Expansion]) -> list[str]:
    found = [
        f"Not available: {x.dataset}: {x.reason}." for one in expansions for x in one.unavailable
    ]
    return list(dict.fromkeys(found))


def _spread_notes(comparison: Comparison) -> Iterator[str]:
    """Say column by column what the spread is over, where columns differ."""
    labels = {one.key: one.label for one in comparison.blocks}
    by_over: dict[str, dict[str, None]] = {}
    for (_, block), cell in comparison.cells.items():
        by_over.setdefault(cell.value.over or "a single run", {})[labels[block]] = None
    for over, names in by_over.items() if len(by_over) > 1 else ():
        yield f"± over {over}: {', '.join(names)}."


def _definitions(blocks: Sequence[Block]) -> Iterator[str]:
    """Say why a dataset × task has several columns."""
    groups: dict[tuple[str, str], list[Block]] = {}
    for block in blocks:
        groups.setdefault((block.dataset, block.task), []).append(block)
    found: dict[tuple[int, str], list[str]] = {}
    for (dataset, task), group in groups.items():
        if len(group) > 1:
            names = [
                name for name in group[0].facets if len({one.facets[name] for one in group}) > 1
            ]
            found.setdefault((len(group), ", ".join(names)), []).append(f"{dataset}: {task}")
    for (count, facets), labels in found.items():
        has = f"has {count} columns" if len(labels) == 1 else f"have {count} columns each"
        yield (
            f"{', '.join(labels)} {has}, which differ in {facets}: their numbers are not about the "
            "same rows or labels."
        )


def _united(comparison: Comparison) -> Iterator[str]:
    """Name methods that stand for rows of several tables."""
    found: dict[tuple[str, bool], list[str]] = {}
    for method in comparison.methods:
        if len(method.uses) > 1:
            tables = ", ".join(use.table for use in method.uses)
            found.setdefault((tables, method.mixed), []).append(method.label)
    for (tables, mixed), labels in found.items():
        how = ", with settings that differ" if mixed else ""
        every = len(labels) == len(comparison.methods) > 1
        which = f"all {len(labels)}" if every else ", ".join(labels)
        yield f"One method in {tables}{how}: {which}."


def _controls(comparison: Comparison) -> list[str]:
    names = [method.label for method in comparison.methods if method.control]
    return [f"Controls: {', '.join(names)}."] if names else []


def _rank_test(comparison: Comparison) -> str:
    found = comparison.ranking.friedman
    if isinstance(found, str):
        return f"No Friedman test and no critical difference: {found}."
    p = f"p = {found.p:.3f}" if found.p >= 0.001 else "p < 0.001"
    return (
        f"Friedman test over {found.blocks} columns: χ² = {found.statistic:.2f}, {p}. Two mean "
        f"ranks differ if they are {found.critical_difference:.2f} apart (Nemenyi, level "
        f"{found.alpha:g})."
    )


def _without_reference(comparison: Comparison) -> list[str]:
    if comparison.reference or len(comparison.methods) < 2:
        return []
    return ["No tests: without mean ranks there is no reference; --reference names one."]
