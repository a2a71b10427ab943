"""``mmbench compare``: methods × datasets × tasks from what is stored, over several tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.analysis.compare import Comparison, compare
from benchmark.analysis.compare_table import compare_record, compare_table
from benchmark.analysis.figures import comparison_figures
from benchmark.analysis.methods import Match, collect
from benchmark.analysis.rescore import completed_view
from benchmark.cli._across import expansions_across
from benchmark.cli._figures import check_figures, write_figures
from benchmark.cli._options import split_commas
from benchmark.cli._work import Asked
from benchmark.cli.export import write_rendered
from benchmark.cli.report import sizes_in
from benchmark.manifest.expand import Expansion
from benchmark.render.formats import render
from benchmark.render.plain import plain_table
from benchmark.render.table import Table
from benchmark.store.runs import RunStore
from benchmark.store.view import load_view


@dataclass(frozen=True)
class How:
    """Options of ``compare`` that other verbs do not have.

    Attributes are the command line's options; see ``mmbench compare --help``.
    """

    metrics: Sequence[str] = ()
    reference: str = ""
    match: Match = "settings"
    fmt: str = "terminal"
    output: Path | None = None
    figures: Path | None = None


def compare_stored(asked: Asked, how: How) -> None:
    """Print a comparison, or write it; nothing is run.

    Raises:
        UsageError: Nothing to compare is selected or stored, or figures cannot be drawn here.
        UnknownNameError: A name that no table, metric or method has.
    """
    check_figures(how.figures)
    expansions = expansions_across(asked)
    comparison = _compare(expansions, RunStore(asked.paths().cache), how)
    table = compare_table(comparison, expansions)
    write_rendered(_rendered(comparison, table, how.fmt), "compare", how.fmt, how.output)
    if how.figures is not None:
        write_figures(how.figures, lambda: comparison_figures(comparison, table))


def _compare(expansions: Sequence[Expansion], store: RunStore, how: How) -> Comparison:
    known = collect(expansions, how.match)
    view = completed_view(load_view(store), expansions, store.read_predictions)
    there = dict(zip(view["fingerprint"], view["status"], strict=True))
    statuses = store.statuses(name for name in known.runs if name not in there)

    return compare(
        known,
        view,
        {**there, **statuses},
        sizes_in(store),
        metrics=split_commas(how.metrics),
        reference=how.reference,
        of_tables={one.manifest.id: one.manifest.reference for one in expansions},
    )


def _rendered(comparison: Comparison, table: Table, fmt: str) -> str:
    """Return results and tests as one text; as JSON with unrounded ranks and tests beside them."""
    if fmt != "json":
        return render(table, fmt)
    value = {**plain_table(table), "comparison": compare_record(comparison)}
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
