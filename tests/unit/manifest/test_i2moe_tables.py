"""Tables of I2MoE: what they share, what they are printed as, and the ten printed counts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from benchmark.analysis.cells import CellValue
from benchmark.analysis.paper_diff import compare_with_paper
from benchmark.analysis.paper_match import pairs
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.printed import load_printed
from benchmark.manifest.printed_schema import PrintedTable, number
from benchmark.manifest.resolve import plain, settings_tree
from benchmark.manifest.schema import Manifest
from benchmark.manifest.selection import Request
from benchmark.manifest.tables import resolve_table
from benchmark.measures.execute import carry_out
from benchmark.training.execute import ExecutionContext

TABLES = ["table1", "table2", "table3", "table4", "table5", "table6"]
DATASETS = ["adni", "mimic_iv", "imdb", "mosi", "enrico"]
#: What the released scripts say, by dataset in the order above; of grids the value nearest to
#: Appendix G's, and None where a value has no effect.
SCRIPTS: dict[str, dict[str, list[float | None]]] = {
    "mult": {
        "width": [256, 128, 256, 128, 128],
        "patches": [16, 8, 8, 4, 4],
        "layers": [2, 2, 2, 1, 1],
        "heads": [4, 1, 1, 1, 2],
        "lr": [1e-4, 1e-4, 1e-4, 1e-5, 1e-4],
        "batch_size": [64] * 5,
        "epochs": [50] * 5,
    },
    "switchgate": {
        "width": [128] * 5,
        "patches": [8] * 5,
        "layers": [2] * 5,
        "heads": [4] * 5,
        "experts": [16] * 5,
        "batch_size": [64] * 5,
        "epochs": [50] * 5,
    },
    "moepp": {
        "width": [64, 64, 256, 128, 128],
        "patches": [16, 4, 4, 4, 4],
        "layers": [2, 2, 2, 1, 1],
        "heads": [4, 1, 1, 1, 2],
        "experts": [8, 4, 4, 4, 4],
        "lr": [1e-4, 1e-4, 1e-4, 1e-5, 1e-4],
        "batch_size": [32] * 5,
        "epochs": [1, 50, 50, 50, 50],
    },
    "interpretcc": {
        "width": [64, 64, 64, 64, 256],
        "tau": [1, 0.7, 1, 1, 0.5],
        "threshold": [0.5, 0.5, 0.6, 0.6, 0.4],
        "lr": [1e-4, 1e-4, 1e-4, 1e-4, 1e-5],
        "batch_size": [32] * 5,
        "epochs": [1, 2, 50, 50, 50],
    },
    "i2moe_mult": {
        "temperature": [1, 1, 2, 2, 2],
        "weight_hidden": [256, 256, 256, None, 256],
        "weight_layers": [3, 3, 2, 1, 3],
        "interaction_weight": [0.3, 0.01, 0.5, 0.3, 0.5],
        "width": [256, 128, 256, 128, 256],
        "patches": [16, 4, 16, 4, 8],
        "layers": [2, 2, 2, 1, 2],
        "heads": [4, 4, 4, 1, 4],
        "batch_size": [32] * 5,
        "epochs": [50, 30, 40, 2, 50],
    },
    "i2moe_switchgate": {
        "temperature": [2, 2, 1.5, 2, 2],
        "weight_hidden": [128, 256, 256, None, 256],
        "weight_layers": [2, 2, 2, 1, 2],
        "interaction_weight": [0.5] * 5,
        "balance_weight": [0.05, 0.01, 0.01, 0.01, 0.01],
        "width": [128] * 5,
        "patches": [16, 4, 4, 16, 4],
        "layers": [1, 2, 2, 1, 1],
        "heads": [4] * 5,
        "experts": [4, 16, 16, 4, 4],
        "batch_size": [32, 64, 64, 32, 64],
        "epochs": [50, 30, 40, 50, 30],
    },
    "i2moe_interpretcc": {
        "temperature": [2, 2, 2, 1.5, 2],
        "weight_hidden": [128, 128, 128, 256, 256],
        "weight_layers": [2, 2, 2, 2, 3],
        "interaction_weight": [0.5, 0.1, 0.5, 0.1, 0.5],
        "width": [128, 256, 256, 128, 256],
        "tau": [1, 0.7, 1, 1, 0.5],
        "threshold": [0.5, 0.5, 0.6, 0.6, 0.4],
        "batch_size": [32, 32, 32, 32, 64],
        "epochs": [50, 50, 40, 50, 50],
    },
    "i2moe_moepp": {
        "temperature": [1, 1.5, 1, 2, 2],
        "weight_hidden": [256, 256, 256, 128, 256],
        "weight_layers": [3, 2, 2, 2, 2],
        "interaction_weight": [0.3, 0.3, 0.5, 0.1, 0.1],
        "width": [256, 128, 256, 64, 64],
        "patches": [8, 4, 8, 4, 4],
        "layers": [2, 2, 2, 1, 2],
        "heads": [4] * 5,
        "experts": [8, 4, 4, 8, 8],
        "batch_size": [64, 32, 32, 32, 32],
        "epochs": [50, 40, 40, 50, 50],
    },
}


@cache
def _manifest(name: str) -> Manifest:
    path = resolve_table(f"i2moe/{name}").manifest
    assert path is not None
    return load_manifest(path)


def _printed(name: str) -> PrintedTable:
    path = resolve_table(f"i2moe/{name}").printed
    assert path is not None
    return load_printed(path)


def _expanded(name: str, paths: Paths, variant: str = "described") -> Expansion:
    context = DataContext(paths, "synthetic")
    return expand(_manifest(name), Request(context, profile="demo", variant=variant))


def _silent(event: str, facts: Mapping[str, Any]) -> None:
    """Progress that nobody follows."""


@pytest.mark.parametrize("variant", ["described", "released"])
@pytest.mark.parametrize("name", [*TABLES, "experts"])
def test_every_cell_of_every_table_has_a_run(name: str, variant: str, paths: Paths) -> None:
    found = _expanded(name, paths, variant)
    rows = {row.key for row in found.manifest.rows}
    columns = {column.key for column in found.manifest.table_columns()}
    lacking = {(row, column) for row in rows for column in columns} - set(found.cells)
    if name == "experts":
        lacking = {(row, column) for row, column in lacking if not row.startswith("uniqueness_")}
    assert not lacking
    assert all(found.cells.values())


@pytest.mark.parametrize("name", TABLES)
def test_every_printed_number_has_its_cell(name: str, paths: Paths) -> None:
    printed = _printed(name)
    found = [(pair.row, pair.printed_column.key) for pair in pairs(_manifest(name), printed)]
    assert sorted(found) == sorted((row.key, cell) for row in printed.rows for cell in row.cells)


def test_random_masks_and_the_ablated_model_are_the_runs_of_table_1(paths: Paths) -> None:
    whole = {run.spec.fingerprint for run in _expanded("table1", paths).runs}
    for name, row in (("table4", "i2moe_mult"), ("table5", "random")):
        found = _expanded(name, paths)
        cells = [cell for (key, _), cell in found.cells.items() if key == row]
        own = {one.fingerprint for cell in cells for one in cell}
        assert own
        assert own <= whole
        others = {run.spec.fingerprint for run in found.runs} - own
        assert others
        assert not others & whole


def _settings(row: str, dataset: str) -> dict[str, Any]:
    """What is set for a row on a dataset in full size as released, flat."""
    manifest = _manifest("table2" if row.startswith("i2moe") and row != "i2moe_mult" else "table1")
    found = plain(settings_tree(manifest, manifest.row(row), dataset, "released", "paper"))
    config, training, every = found["config"], found["training"], found["encoders"]["*"]
    own = [key for key in every if key in ("width", "patches")]
    assert all(
        one.get(key, every[key]) == every[key] for one in found["encoders"].values() for key in own
    )
    return {
        **{key: every[key] for key in own},
        **config.get("fusion", {}),
        **config,
        **training,
        "lr": training["optimizer"]["lr"],
    }


@pytest.mark.parametrize("row", SCRIPTS)
def test_released_rows_have_the_settings_of_the_scripts(row: str) -> None:
    for index, dataset in enumerate(DATASETS):
        scripts = {key: values[index] for key, values in SCRIPTS[row].items()}
        expected = {"lr": 1e-4, **{key: one for key, one in scripts.items() if one is not None}}
        found = _settings(row, dataset)
        assert {key: found[key] for key in expected} == expected, dataset


def test_released_interpretcc_has_the_256_layers_its_scripts_do_not_mean() -> None:
    manifest = _manifest("table1")
    for dataset in ("adni", "mimic_iv"):
        tree = settings_tree(manifest, manifest.row("interpretcc"), dataset, "released", "paper")
        assert plain(tree)["encoders"]["*"] == {
            "name": "mlp",
            "width": 64,
            "hidden": [64] * 255,
            "dropout": 0.5,
        }


def _counts(paths: Paths, variant: str) -> dict[tuple[str, str], float | None]:
    """Parameters outside of encoders by row and dataset of Table 6."""
    counts = {}
    context = ExecutionContext(paths, "synthetic", "cpu", None, _silent)
    for run in _expanded("table6", paths, variant).runs:
        if run.spec.analysis and run.spec.analysis.name == "parameters":
            done = carry_out(run.spec, context, [])
            counted = {row.metric: row.value for row in done.rows}
            place = (run.uses[0].row, run.spec.components[0].dataset)
            counts[place] = counted["parameters_fusion"]
    return counts


def test_the_scripts_sizes_give_these_counts(paths: Paths) -> None:
    assert list(_counts(paths, "released").items()) == [
        (("mult", "adni"), 1_072_131),
        (("mult", "mimic_iv"), 268_034),
        (("mult", "imdb"), 1_068_567),
        (("mult", "mosi"), 134_402),
        (("mult", "enrico"), 138_260),  # not as printed: the scripts have D 128
        (("i2moe_mult", "adni"), 6_762_520),  # nor this: three layers of weights
        (("i2moe_mult", "mimic_iv"), 1_498_127),  # nor this: P 4, H 256, three layers
        (("i2moe_mult", "imdb"), 4_423_008),
        (("i2moe_mult", "mosi"), 673_935),
        (("i2moe_mult", "enrico"), 4_466_260),  # nor this: L 2, P 8
    ]


def test_the_ten_printed_counts_are_met_exactly(paths: Paths) -> None:
    counts = _counts(paths, "described")
    printed = {
        (row.key, column.dataset): number(row.cells[column.key].value or "")
        for row in _printed("table6").rows
        for column in _printed("table6").columns
        if column.metric == "parameters_fusion"
    }
    assert len(printed) == 10
    assert counts == printed


@pytest.mark.parametrize(("change", "word"), [(0, "agrees"), (1, "differs")])
def test_counts_have_a_verdict_on_any_data_and_times_have_none(
    paths: Paths, change: int, word: str
) -> None:
    expansion, printed = _expanded("table6", paths), _printed("table6")
    values = {}
    for pair in pairs(expansion.manifest, printed):
        value = (pair.printed.mean or 0) + change
        values[pair.row, pair.column.key] = [CellValue("split 0", 0, value)]
    found = compare_with_paper(expansion, printed, values)
    verdicts = {(one.unit, str(one.verdict)) for one in found}
    assert verdicts == {("parameters", word), ("seconds", "not comparable (synthetic data)")}
