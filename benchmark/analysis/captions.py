"""What a reader must know of a table: the spread, the parts, the data, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmark.analysis.cells import Aggregate
from benchmark.analysis.numbers import metric_label
from benchmark.manifest.described import leak_of
from benchmark.manifest.expand import Expansion

_SHOWN_FAILURES = 10
_BOLD = (
    "Bold is the best mean of a column, underlined the second best; all rows compete, unless runs "
    "are missing."
)
_COST = "Costs, not scores; the notes say where and how each was measured."
_COUNTED = "Parameters are counted at the scale of the paper, whatever was timed."
#: Settings a command line may change without leaving what the table says.
_HARMLESS = ("seeds", "threads", "timeout")
#: In words, by source.
SOURCES = {
    "real": "real data",
    "partial": "PARTIAL real data, not the release the table names",
    "synthetic": "SYNTHETIC data",
}


def caption(expansion: Expansion, cells: Iterable[Aggregate]) -> tuple[str, ...]:
    """Return the sentences below a table's title; of an empty table only where it would be from."""
    conditions = (
        f"Data: {_data(expansion)}.",
        f"Variant {expansion.variant}, profile {expansion.profile}.",
    )
    found = list(cells)
    if not any(cell.n for cell in found):
        return conditions
    if _is_cost(expansion):
        counted = [_COUNTED] if "paper" in expansion.manifest.profile_names else []
        return (_COST, *counted, *conditions, _ranking(expansion))
    return (
        *spread(found),
        "Metrics on the test part; anything chosen is chosen on the validation part.",
        *conditions,
        _ranking(expansion),
    )


def _ranking(expansion: Expansion) -> str:
    """Say what bold means, or why nothing is bold."""
    reason = expansion.manifest.unranked
    return f"No row is marked as the best: {reason}." if reason else _BOLD


def notes(
    expansion: Expansion,
    cells: Mapping[tuple[str, str], Aggregate],
    statuses: Mapping[str, str],
) -> tuple[str, ...]:
    """Return what goes below a table: what its spreads are over, remarks and missing runs.

    Args:
        expansion: The table's runs.
        cells: By row and column key.
        statuses: By fingerprint; a run that is not among them has not been done.
    """
    return (
        *(f"Not available: {one.dataset}: {one.reason}." for one in expansion.unavailable),
        *_spread_notes(expansion, cells),
        *(_how_measured if _is_cost(expansion) else _remarks)(expansion, cells),
        *_failures(expansion, statuses),
    )


def sources_of(expansion: Expansion) -> dict[str, str]:
    """Return the source of the data by dataset, in the table's order."""
    found: dict[str, str] = {}
    for run in expansion.runs:
        found.update(run.sources)
    return {name: found[name] for name in expansion.manifest.datasets if name in found}


def _data(expansion: Expansion) -> str:
    parts = [f"{name} {SOURCES[source]}" for name, source in sources_of(expansion).items()]
    return ", ".join(parts) or "none available"


def facts(expansion: Expansion, cells: Iterable[Aggregate]) -> dict[str, str]:
    """Return the conditions of a table for programs."""
    return {
        "variant": expansion.variant,
        "profile": expansion.profile,
        "part": "test",
        "selection": "validation",
        "std_ddof": "1",
        "std_over": "; ".join(_overs(cells)),
        "changed": ", ".join(changed(expansion)),
    }


def source_warnings(sources: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return a line for each kind of source that is not ``real``, with its datasets."""
    of_kind: dict[str, list[str]] = {}
    for name, kind in dict.fromkeys(sources):
        of_kind.setdefault(kind, []).append(name)
    return tuple(
        f"{', '.join(of_kind[kind])}: {SOURCES[kind]}; not comparable with printed numbers."
        for kind in sorted(set(of_kind) - {"real"})
    )


def warnings(expansion: Expansion) -> tuple[str, ...]:
    """Return what forbids a comparison with printed numbers: data, profile, changed settings."""
    lines = [*source_warnings(sources_of(expansion).items()), *_leaks(expansion)]
    if expansion.profile == "demo":
        lines.append("Profile demo: small nets, few steps; not comparable with printed numbers.")
    if own := changed(expansion):
        lines.append(f"Changed with --set: {', '.join(own)}; not comparable with printed numbers.")
    return tuple(lines)


def _leaks(expansion: Expansion) -> list[str]:
    """Say of each dataset what its options let leak."""
    parts = dict.fromkeys(
        (one.dataset, leak_of(one.loader)) for run in expansion.runs for one in run.spec.components
    )
    return [f"{dataset}: LEAKS: {leak}." for dataset, leak in parts if leak]


def changed(expansion: Expansion, row: str | None = None) -> tuple[str, ...]:
    """Return the assignments of ``--set`` after which numbers are no longer those of the table.

    Args:
        expansion: With its overrides.
        row: Those that reach this row; None is all.
    """
    found = []
    for path, value in expansion.overrides.items():
        of_row, _, setting = path.rpartition(":")
        if setting not in _HARMLESS and (row is None or of_row in ("", row)):
            found.append(f"{path}={value}")
    return tuple(found)


def _overs(cells: Iterable[Aggregate]) -> list[str]:
    return list(dict.fromkeys(cell.over for cell in cells if cell.over))


def spread(cells: Iterable[Aggregate]) -> list[str]:
    """Say in a sentence what stands behind ``±``."""
    overs = _overs(cells)
    if not overs:
        return ["One run per cell, so there is no spread."]
    over = overs[0] if len(overs) == 1 else "folds or seeds, see the notes"
    return [f"Mean ± standard deviation (ddof 1) over {over}."]


def _spread_notes(expansion: Expansion, cells: Mapping[tuple[str, str], Aggregate]) -> list[str]:
    """Say row by row what the spread is over, where rows differ."""
    by_over: dict[str, dict[str, None]] = {}
    for (row, _), cell in cells.items():
        by_over.setdefault(cell.over or "a single run", {})[row] = None
    if len(by_over) < 2:
        return []
    labels = {row.key: row.label for row in expansion.manifest.rows}
    return [
        f"± over {over}: {', '.join(labels[row] for row in rows)}."
        for over, rows in by_over.items()
    ]


def _remarks(expansion: Expansion, cells: Mapping[tuple[str, str], Aggregate]) -> list[str]:
    """Remarks on values that exist, e.g. ``2 of 3 classes present``; once per column."""
    found: dict[str, None] = {}
    for (_, column), cell in cells.items():
        for remark in cell.remarks:
            found[f"{column}: {remark} (in some runs)."] = None
    return list(found)


def _is_cost(expansion: Expansion) -> bool:
    return expansion.manifest.kind == "cost"


def _how_measured(expansion: Expansion, cells: Mapping[tuple[str, str], Aggregate]) -> list[str]:
    """Say of every figure how it was taken; rows taken in the same way share a line."""
    labels = {row.key: row.label for row in expansion.manifest.rows}
    heads = {one.key: one for one in expansion.manifest.table_columns()}
    found: dict[tuple[str, str], dict[str, None]] = {}
    for (row, column), cell in cells.items():
        head = heads[column]
        what = f"{head.dataset}, {head.label or metric_label(head.metric)}"
        for remark in cell.remarks:
            found.setdefault((what, remark), {})[labels[row]] = None
    merged: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (what, remark), rows in found.items():
        merged.setdefault((remark, tuple(rows)), []).append(what)
    return [
        f"{'; '.join(whats)} ({', '.join(rows)}): {remark}."
        for (remark, rows), whats in merged.items()
    ]


def _failures(expansion: Expansion, statuses: Mapping[str, str]) -> list[str]:
    """Name the runs that have no number because they failed; runs not yet done are only counted."""
    failed = [
        f"{run.label}: {status}."
        for run in expansion.runs
        if (status := statuses.get(run.spec.fingerprint, "ok")) != "ok"
    ]
    shown, more = failed[:_SHOWN_FAILURES], len(failed) - _SHOWN_FAILURES
    absent = sum(run.spec.fingerprint not in statuses for run in expansion.runs)
    lines = [*shown, *([f"{more} more runs failed."] if more > 0 else [])]
    if absent:
        lines.append(f"{absent} of {len(expansion.runs)} runs have not been done yet.")
    return lines
