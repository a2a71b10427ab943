"""Which cells of a table and of its comparison with a paper a figure shows."""

from __future__ import annotations

import pytest

from benchmark.analysis.cells import CellValue
from benchmark.analysis.figures import paper_records, table_figures
from benchmark.analysis.paper_table import AGAINST_PAPER
from benchmark.render.figures.canvas import rendered, styled
from benchmark.render.table import (
    Cell,
    Column,
    Difference,
    Measured,
    Printed,
    Row,
    Table,
    Verdict,
)

WARNING = "rsna: SYNTHETIC data; not comparable with printed numbers."


def line(key: str, difference: Difference | None, verdict: Verdict, group: str = "Ridge") -> Row:
    cells: dict[str, Cell] = {
        "paper": Printed(81.2, 1.5, "81.20", "1.50"),
        "ours": Measured(82.0, 0.8, 5, 5, 1),
        "verdict": verdict,
    }
    if difference is not None:
        cells["difference"] = difference
    return Row(key, f"rsna: {key}, AUROC", cells, group)


def against(*rows: Row) -> Table:
    columns = tuple(Column(key, key) for key in ("paper", "ours", "difference", "verdict"))
    return Table("m4oe/table7/against_paper", "paper against measured", columns, rows)


def measured(further: dict[str, Table]) -> Table:
    cell = Measured(0.82, 0.01, 2, 2)
    return Table(
        id="m4oe/table7",
        title="A table",
        columns=(Column("rsna/cancer/auroc_binary", "AUROC", "rsna: cancer", True),),
        rows=(Row("ridge", "Ridge", {"rsna/cancer/auroc_binary": cell}),),
        warnings=(WARNING,),
        further=further,
    )


def test_differences_keep_the_printed_digits_and_their_unit() -> None:
    table = against(
        line("cancer", Difference(0.8, -0.4, 2.0, "welch", "percent"), Verdict("inconclusive")),
        line("density", None, Verdict("not comparable", "not run")),
        line(
            "birads", Difference(0.01, unit="fraction"), Verdict("not comparable", "profile demo")
        ),
    )
    found = paper_records(table)
    assert list(found) == ["percent", "fraction"]
    record = found["percent"][0]
    assert (record.group, record.label) == ("Ridge", "rsna: cancer, AUROC")
    assert (record.ours, record.printed) == ("82.0 ± 0.8", "81.20 ± 1.50")
    assert (record.difference, record.low, record.high) == (0.8, -0.4, 2.0)
    assert found["fraction"][0].verdict == "not comparable"
    assert found["fraction"][0].low is None


def test_a_table_with_printed_numbers_has_strips_and_a_forest() -> None:
    table = measured(
        {
            AGAINST_PAPER: against(
                line("cancer", Difference(0.8, -0.4, 2.0, "welch", "percent"), Verdict("agrees")),
                line("density", None, Verdict("not comparable", "not run")),
            )
        }
    )
    values = {
        ("ridge", "rsna/cancer/auroc_binary"): [CellValue("a", 0, 0.81), CellValue("b", 0, 0.83)]
    }
    with styled():
        figures = dict(table_figures(table, values))
        assert list(figures) == ["m4oe-table7-strip", "m4oe-table7-forest"]
        assert all(rendered(one, "png") for one in figures.values())
    points = figures["m4oe-table7-strip"].axes[0].collections[0].get_offsets()
    assert [float(x) for x, _ in points] == pytest.approx([0.81, 0.83])
    footer = figures["m4oe-table7-forest"].texts[-1].get_text()
    assert "1 printed cell without a measured number not shown." in footer
    assert WARNING.split(";")[0] in figures["m4oe-table7-strip"].texts[-1].get_text()


def test_units_that_differ_get_forests_of_their_own() -> None:
    table = measured(
        {
            AGAINST_PAPER: against(
                line("cancer", Difference(0.8, unit="percent"), Verdict("agrees")),
                line("density", Difference(0.01, unit="fraction"), Verdict("agrees")),
            )
        }
    )
    with styled():
        names = [name for name, _ in table_figures(table, {})]
    assert names == [
        "m4oe-table7-strip",
        "m4oe-table7-forest-percent",
        "m4oe-table7-forest-fraction",
    ]
