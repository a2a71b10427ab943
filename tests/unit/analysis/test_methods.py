"""Which rows of several tables are one method, and which cells share a column."""

from __future__ import annotations

from collections.abc import Callable

from benchmark.analysis.methods import collect, unique
from benchmark.manifest.expand import Expansion

Tables = Callable[..., list[Expansion]]

WDBC = """\
schema_version: 1
id: suite/one
title: One
datasets: {wdbc: {}}
columns: [{dataset: wdbc, task: diagnosis, metrics: [acc]}]
settings:
  split: {kind: kfold, folds: 3}
  training: {optimizer: {name: adamw, lr: 1e-3}}
  encoders: {"*": {name: mlp, width: 8, hidden: []}}
rows:
  - {key: prior, label: Prior, model: prior}
  - {key: early, label: Early fusion, model: early_fusion}
sources: {settings: "ours: a test"}
"""
PLANTED = (
    WDBC.replace("suite/one", "suite/two")
    .replace("wdbc: {}", "planted: {options: {n: 60}}")
    .replace("dataset: wdbc, task: diagnosis", "dataset: planted, task: label")
    .replace("sources: {", 'sources: {datasets: "ours: a test", ')
)


def labels(found: list[Expansion], match: str = "settings") -> list[str]:
    return [one.label for one in collect(found, match).methods]  # type: ignore[arg-type]


def test_rows_with_the_same_settings_are_one_method_over_tables(tables: Tables) -> None:
    field = collect(tables(WDBC, PLANTED))
    assert [one.label for one in field.methods] == ["Prior", "Early fusion"]
    assert [one.control for one in field.methods] == [True, False]
    prior = field.methods[0]
    assert [(use.table, use.row) for use in prior.uses] == [
        ("suite/one", "prior"),
        ("suite/two", "prior"),
    ]
    assert [len(names) for names in prior.cells.values()] == [3, 3]
    assert [one.label for one in field.blocks] == ["wdbc: diagnosis", "planted: label"]
    assert [one.source for one in field.blocks] == ["real", "synthetic"]


def test_rows_that_share_their_runs_are_one_whatever_they_are_called(tables: Tables) -> None:
    called = WDBC.replace("suite/one", "suite/two").replace("Early fusion", "Concatenation")
    again = WDBC.replace("suite/one", "suite/three")
    field = collect(tables(called, WDBC, again))
    assert [one.label for one in field.methods] == ["Prior", "Early fusion"]
    assert [len(one.uses) for one in field.methods] == [3, 3]


def test_a_label_twice_in_a_table_is_told_apart_by_group_first(tables: Tables) -> None:
    grouped = WDBC.replace("label: Early fusion,", "label: Early fusion, group: Many,").replace(
        "sources:",
        "  - {key: alone, label: Early fusion, group: One, model: early_fusion,"
        " settings: {training: {epochs: 2}}}\nsources:",
    )
    grouped = grouped.replace("{settings:", "{rows: 'ours: a test', settings:")
    assert labels(tables(grouped)) == ["Prior", "Early fusion (Many)", "Early fusion (One)"]


def test_other_settings_keep_rows_apart_with_their_tables(tables: Tables) -> None:
    found = tables(WDBC, PLANTED.replace("lr: 1e-3", "lr: 1e-4"))
    assert labels(found) == ["Prior", "Early fusion (suite/one)", "Early fusion (suite/two)"]
    assert labels(found, "label") == ["Prior", "Early fusion"]
    assert [one.mixed for one in collect(found, "label").methods] == [False, True]


def test_one_label_on_two_models_is_two_methods_even_by_label(tables: Tables) -> None:
    other = PLANTED.replace("model: early_fusion", "model: late_fusion")
    assert labels(tables(WDBC, other), "label") == [
        "Prior",
        "Early fusion (suite/one)",
        "Early fusion (suite/two)",
    ]


def test_one_label_twice_in_a_table_is_told_apart_by_row(tables: Tables) -> None:
    assert labels(tables(WDBC.replace("label: Prior", "label: Early fusion"))) == [
        "Early fusion (suite/one:prior)",
        "Early fusion (suite/one:early)",
    ]


def test_equal_runs_of_two_tables_share_a_column(tables: Tables) -> None:
    field = collect(tables(WDBC, WDBC.replace("suite/one", "suite/two")))
    assert [one.label for one in field.methods] == ["Prior", "Early fusion"]
    assert [one.tables for one in field.blocks] == [("suite/one", "suite/two")]


def test_other_seeds_on_a_shared_column_keep_rows_apart(tables: Tables) -> None:
    more = WDBC.replace("suite/one", "suite/two").replace(
        "settings:\n", "settings:\n  seeds: [0, 1]\n"
    )
    field = collect(tables(WDBC, more), "label")
    assert [one.label for one in field.methods] == [
        "Prior (suite/one)",
        "Early fusion (suite/one)",
        "Prior (suite/two)",
        "Early fusion (suite/two)",
    ]
    assert len(field.blocks) == 1


def test_another_division_or_other_data_is_another_column(tables: Tables) -> None:
    coarse = WDBC.replace("suite/one", "suite/two").replace("folds: 3", "folds: 4")
    blocks = collect(tables(WDBC, coarse)).blocks
    assert [one.label for one in blocks] == [
        "wdbc: diagnosis (suite/one)",
        "wdbc: diagnosis (suite/two)",
    ]
    differing = [
        name for name in blocks[0].facets if blocks[0].facets[name] != blocks[1].facets[name]
    ]
    assert differing == ["division"]
    larger = PLANTED.replace("n: 60", "n: 80").replace("suite/two", "suite/three")
    first, second = collect(tables(PLANTED, larger)).blocks
    assert first.facets["loader"] != second.facets["loader"]


def test_labels_get_longer_only_where_they_must() -> None:
    assert unique(["a", "b", "b", "c", "c"], ["a1", "b1", "b2", "c1", "c1"], list("vwxyz")) == [
        "a",
        "b1",
        "b2",
        "y",
        "z",
    ]
