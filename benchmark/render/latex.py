r"""A table for a paper: booktabs, best bold, second underlined, notes under the table.

Needs ``\usepackage{booktabs}``, and ``\usepackage{graphicx}`` where a wide table is shrunk to the
text width; the first line of the output says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from benchmark.render.latex_text import escape
from benchmark.render.table import Column, Table
from benchmark.render.wording import CellText, Wording, runs_of_group

#: Characters per line beyond which a table is shrunk to the text width.
_WIDE = 80
_EMPHASIS = {"bold": r"\textbf{%s}", "underline": r"\underline{%s}", "": "%s"}


def render(table: Table, standalone: bool = False) -> str:
    """Return a ``table`` environment that ends in a line break.

    Args:
        table: What to show.
        standalone: Return a whole document that compiles by itself.
    """
    words = Wording(table)
    body = list(_tabular(table, words))
    wide = _widest(table, words) > _WIDE
    lines = [
        rf"% Needs \usepackage{{booktabs}}{' and {graphicx}' if wide else ''}.",
        r"\begin{table}[tb]",
        r"\centering",
        rf"\caption{{{_caption(table, words)}}}",
        rf"\label{{tab:{_label(table.id)}}}",
        r"\smallskip",
        *(_shrunk(body) if wide else body),
        *_notes(words),
        r"\end{table}",
    ]
    return "\n".join(_document(lines) if standalone else lines) + "\n"


def _caption(table: Table, words: Wording) -> str:
    title = table.title if table.title.endswith((".", "?", "!")) else f"{table.title}."
    return " ".join(escape(sentence) for sentence in [title, *words.caption()])


def _label(table_id: str) -> str:
    """Write ``suite/quickstart`` as ``suite-quickstart``; underscores are fine in labels."""
    return "".join(
        one if one.isascii() and (one.isalnum() or one == "_") else "-" for one in table_id
    )


def _tabular(table: Table, words: Wording) -> Iterator[str]:
    yield rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}"
    yield r"\toprule"
    yield from _heads(table)
    yield r"\midrule"
    groups = runs_of_group(table.rows)
    for index, (group, rows) in enumerate(groups):
        if group:
            yield rf"\multicolumn{{{len(table.columns) + 1}}}{{l}}{{\textit{{{escape(group)}}}}} \\"
        for row in rows:
            indent = r"\quad " if group else ""
            cells = [_cell(words.cell(row, column)) for column in table.columns]
            yield _line([indent + escape(row.label), *cells])
        if index < len(groups) - 1:
            yield r"\midrule"
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _heads(table: Table) -> Iterator[str]:
    groups = runs_of_group(table.columns)
    if any(name for name, _ in groups):
        spans = [_span(name, members) for name, members in groups]
        yield _line(["", *spans])
        starts = [2]
        for _, members in groups:
            starts.append(starts[-1] + len(members))
        rules = [
            rf"\cmidrule(lr){{{start}-{after - 1}}}"
            for (name, _), (start, after) in zip(groups, pairwise(starts), strict=True)
            if name
        ]
        yield " ".join(rules)
    labels = [rf"\multicolumn{{1}}{{c}}{{{escape(one.label)}}}" for one in table.columns]
    yield _line([escape(table.stub), *labels])


def _span(name: str, members: list[Column]) -> str:
    return rf"\multicolumn{{{len(members)}}}{{c}}{{{escape(name)}}}"


def _cell(text: CellText) -> str:
    core = _EMPHASIS[text.emphasis] % escape(text.mean)
    if text.spread:
        core += rf" $\pm$ {escape(text.spread)}"
    # Braces: a bare bracket behind a line's end would be read as the argument of that command.
    core = f"{{[}}{core}{{]}}" if text.quoted else core
    counts = [one for one in text.remarks if "/" in one]
    letters = [one for one in text.remarks if "/" not in one]
    if counts:
        core += f" ({counts[0]})"
    return core + (rf"\textsuperscript{{{','.join(letters)}}}" if letters else "")


def _line(cells: list[str]) -> str:
    # A line that starts with a bracket would be read as an argument of the \\ before it.
    first = "{}" + cells[0] if cells[0].startswith(("[", "*")) else cells[0]
    return " & ".join([first, *cells[1:]]).lstrip() + r" \\"


def _notes(words: Wording) -> Iterator[str]:
    notes = words.notes()
    if not notes:
        return
    yield r"\par\smallskip"
    yield r"\begin{minipage}{\linewidth}\footnotesize\raggedright"
    for mark, text in notes:
        yield (rf"\textsuperscript{{{mark}}}\," if mark else "") + escape(text) + r"\par"
    yield r"\end{minipage}"


def _widest(table: Table, words: Wording) -> int:
    """Estimate the longest line in characters."""
    stub = max((len(row.label) + 2 for row in table.rows), default=0)
    widths = [
        max([len(one.label), *(len(words.cell(row, one).plain) for row in table.rows)])
        for one in table.columns
    ]
    return stub + sum(width + 2 for width in widths)


def _shrunk(body: list[str]) -> list[str]:
    return [
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        *body[:-1],
        body[-1] + "}",
    ]


def _document(lines: list[str]) -> list[str]:
    return [
        r"\documentclass{article}",
        r"\usepackage[T1]{fontenc}",
        r"\usepackage[utf8]{inputenc}",
        r"\usepackage[margin=2.5cm]{geometry}",
        r"\usepackage{booktabs}",
        r"\usepackage{graphicx}",
        r"\begin{document}",
        *lines,
        r"\end{document}",
    ]
