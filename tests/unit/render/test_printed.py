"""Printed tables as renderable ones: digits, changes, units and what stands behind the ±."""

from __future__ import annotations

import pytest

from benchmark.manifest.printed import PrintedTable, load_printed
from benchmark.manifest.printed_schema import Spread
from benchmark.manifest.tables import resolve_table
from benchmark.render.printed import spread_text, to_table, unit_text
from benchmark.render.table import Printed, Text


def printed(name: str) -> PrintedTable:
    path = resolve_table(name).printed
    assert path is not None
    return load_printed(path)


def test_digits_and_flags_survive() -> None:
    table = to_table(printed("m4oe/table7"))
    row = next(row for row in table.rows if row.key == "multi_task_natural/mmodn")
    assert row.cells["risk_acc"] == Printed(
        0.848, 0.022, mean_text="0.848", spread_text="0.022", flags=("underline",)
    )
    assert [column.group for column in table.columns][:4] == ["Risk, 1 year"] * 3 + ["BI-RADS"]


def test_printed_changes_become_columns() -> None:
    table = to_table(printed("i2moe/table4"))
    assert [column.label for column in table.columns][:4] == ["ACC", "Δ", "AUROC", "Δ"]
    first = table.rows[0].cells
    assert first["adni_acc"] == Printed(58.73, mean_text="58.73")
    assert first["adni_acc.delta"] == Printed(-6.35, mean_text="-6.35")


def test_lost_undefined_and_absent_cells_differ() -> None:
    lost = {row.key: row.cells for row in to_table(printed("flame/table2")).rows}
    assert lost["single_task/flame"]["auroc/diagnosis"] == Printed(None)
    assert lost["multitask_per_dataset/flame"]["auroc/diagnosis"] == Text("n/a")
    gates = {row.key: row.cells for row in to_table(printed("flame/table6")).rows}
    assert "auroc/diagnosis" not in gates["single_task/laplace"]


def test_vectors_stay_vectors() -> None:
    row = to_table(printed("m4oe/table16")).rows[0]
    assert row.cells["density_share/overall"] == Printed(None, vector=("0.537", "0.463"))


def test_doubts_about_cells_become_notes() -> None:
    notes = to_table(printed("amc/table1")).notes
    assert any(note.startswith("MUSE on UCEC, MUSE on LUAD, MUSE on LGG") for note in notes)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m4oe/table7", "Unit: fractions."),
        ("i2moe/table1", "Unit: percent."),
        (
            "m4oe/table13",
            "Units: seconds (Inference, s / batch, Training, s / batch); "
            "numbers of parameters (Parameters).",
        ),
    ],
)
def test_units(name: str, text: str) -> None:
    assert unit_text(printed(name)) == text


@pytest.mark.parametrize(
    ("spread", "text"),
    [
        (Spread(kind="none"), "No spread is printed."),
        (Spread(kind="none", n=1, over="seeds"), "No spread is printed (1 seed)."),
        (Spread(kind="std", n=5, over="folds"), "± is the standard deviation over 5 folds."),
        (
            Spread(kind="std", ddof=0, over="seeds", note="from the code"),
            "± is the standard deviation over an unknown number of seeds (ddof 0; from the code).",
        ),
        (Spread(kind="variance", ddof=0), "± is the variance (ddof 0)."),
        (Spread(kind="unknown"), "± is not explained."),
    ],
)
def test_spreads(spread: Spread, text: str) -> None:
    assert spread_text(spread) == text
