"""Markdown, CSV and JSON: characters with a meaning lose it, numbers keep all their digits."""

from __future__ import annotations

import csv
import io
import json

import pytest

from benchmark.core.errors import UnknownNameError
from benchmark.render.formats import FORMATS, render
from benchmark.render.markdown import escape, escape_line
from benchmark.render.table import Column, Measured, Printed, Row, Table

TABLE = Table(
    id="suite/x",
    title='Pipes | and "quotes", twice',
    columns=(Column("a", "A|B", "G", True, "real"), Column("p", "Paper")),
    rows=(
        Row(
            "r",
            "x, y\nand z",
            {
                "a": Measured(1 / 3, 0.1 + 0.2, 4, 5, reason="oom", units=4),
                "p": Printed(0.84, 0.0, "0.840", "0.00", note="smudged"),
            },
            "One",
        ),
        Row("s", "-", {}, "Two"),
    ),
    facts={"profile": "demo"},
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("snake_case *x* `y` [z]", r"snake\_case \*x\* \`y\` \[z\]"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("back\\slash", r"back\\slash"),
        ("two\nlines", "two lines"),
    ],
)
def test_markdown_escapes(text: str, shown: str) -> None:
    assert escape(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("# no head", r"\# no head"), ("- no item", r"\- no item"), ("1. no item", r"1\. no item")],
)
def test_a_markdown_line_opens_nothing(text: str, shown: str) -> None:
    assert escape_line(text) == shown
    assert escape_line("-0.5 is a number") == "-0.5 is a number"


def test_markdown_has_as_many_cells_in_every_line() -> None:
    lines = [line for line in render(TABLE, "markdown").splitlines() if line.startswith("|")]
    assert {line.replace(r"\|", "").count("|") for line in lines} == {4}
    assert [line for line in lines if "**" in line] == ["| **One** |  |  |", "| **Two** |  |  |"]


def test_csv_keeps_digits_and_conditions() -> None:
    lines = list(csv.DictReader(io.StringIO(render(TABLE, "csv"))))
    first, second, third, fourth = lines
    assert (float(first["mean"]), float(first["std"])) == (1 / 3, 0.1 + 0.2)
    assert (first["n"], first["planned"], first["units"], first["complete"]) == (
        "4",
        "5",
        "4",
        "no",
    )
    assert (first["row_label"], first["reason"], first["source"]) == ("x, y\nand z", "oom", "real")
    assert (second["kind"], second["printed_mean"], second["printed_spread"]) == (
        "printed", "0.840", "0.00",
    )  # fmt: skip
    assert (second["note"], second["std"], second["n"]) == ("smudged", "", "")
    assert {line["profile"] for line in lines} == {"demo"}
    assert [third["kind"], fourth["text"]] == ["empty", "–"]


def test_json_keeps_digits_and_types() -> None:
    record = json.loads(render(TABLE, "json"))
    assert record["schema_version"] == 1
    cells = record["rows"][0]["cells"]
    assert (cells["a"]["mean"], cells["a"]["std"], cells["a"]["kind"]) == (
        1 / 3, 0.1 + 0.2, "measured",
    )  # fmt: skip
    assert (cells["a"]["n"], cells["a"]["planned"], cells["a"]["digits"]) == (4, 5, 3)
    assert (cells["p"]["printed_mean"], cells["p"]["spread"]) == ("0.840", 0.0)
    assert record["facts"] == {"profile": "demo"}


def test_json_refuses_what_json_has_no_form_for() -> None:
    row = Row("r", "R", {"a": Measured(float("nan"), None, 1, 1)})
    with pytest.raises(ValueError, match="not JSON compliant"):
        render(Table("suite/x", "X", (Column("a", "A"),), (row,)), "json")


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_format_ends_in_one_line_break(fmt: str) -> None:
    text = render(TABLE, fmt)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="unknown format 'latx'\ndid you mean 'latex'"):
        render(TABLE, "latx")
