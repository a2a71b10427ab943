"""The shipped tables: counts, exact digits, and arithmetic that a slip in copying would break."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from benchmark.core.paths import shipped
from benchmark.manifest.printed import find_printed, load_printed
from benchmark.manifest.printed_schema import PRINTED_ONLY, PrintedTable
from benchmark.manifest.tables import all_tables
from benchmark.metrics import METRICS

#: Cells, null cells and not-applicable cells, counted in the transcription by a script of its own.
COUNTS = {
    "m4oe/table3": (28, 0, 0),
    "m4oe/table4": (98, 0, 0),
    "m4oe/table5": (42, 0, 0),
    "m4oe/table6": (64, 16, 0),
    "m4oe/table7": (153, 0, 0),
    "m4oe/table8": (102, 0, 0),
    "m4oe/table9": (102, 0, 0),
    "m4oe/table10": (20, 0, 0),
    "m4oe/table11": (51, 0, 0),
    "m4oe/table12": (8, 0, 0),
    "m4oe/table13": (21, 0, 0),
    "m4oe/table14": (36, 0, 0),
    "m4oe/table15": (48, 0, 0),
    "m4oe/table16": (40, 4, 0),
    "amc/table1": (48, 0, 0),
    "amc/table2": (32, 0, 0),
    "amc/table3": (32, 0, 0),
    "amc/table4": (12, 0, 0),
    "amc/table5": (12, 0, 0),
    "amc/table6": (20, 0, 0),
    "amc/table8": (11, 0, 0),
    "amc/table9": (8, 0, 0),
    "amc/table10": (14, 0, 0),
    "amc/table11": (28, 0, 0),
    "amc/table12": (12, 0, 0),
    "i2moe/table1": (64, 0, 0),
    "i2moe/table2": (24, 0, 0),
    "i2moe/table3": (20, 0, 0),
    "i2moe/table4": (20, 0, 0),
    "i2moe/table5": (24, 0, 0),
    "i2moe/table6": (30, 0, 0),
    "flame/table2": (108, 106, 2),
    "flame/table3": (216, 212, 4),
    "flame/table4": (45, 0, 0),
    "flame/table5": (45, 0, 0),
    "flame/table6": (78, 0, 0),
    "moe_retriever/table1": (84, 0, 0),
    "moe_retriever/table2": (30, 0, 0),
    "moe_retriever/table3": (26, 0, 0),
}
PER_PAPER = {
    "m4oe": (813, 20, 0),
    "amc": (229, 0, 0),
    "i2moe": (182, 0, 0),
    "flame": (492, 318, 6),
    "moe_retriever": (140, 0, 0),
}
#: The transcription reports nothing that does not fit.
NO_LEDGER = {"amc/table5"}

#: Digits as printed: value, spread; a vector is written with a comma.
SPOTS = [
    ("m4oe/table3", "mtoe_mi", "risk_4y", "72", None),
    ("m4oe/table4", "single_task/mirai", "risk_1y", "84.0", None),
    ("m4oe/table5", "n128/alpha_0_20", "risk_2y", "75.2", None),
    ("m4oe/table6", "m4oe/m1", "risk/m4", "0.071", None),
    ("m4oe/table6", "baseline/m3", "density/m4", "0.006", None),
    ("m4oe/table7", "multi_task_natural/mmodn", "risk_acc", "0.848", "0.022"),
    ("m4oe/table7", "single_task/mirai", "risk_auprc", "0.653", "0.050"),
    ("m4oe/table8", "multi_task_medical/mirai_mtoe", "density_acc", "0.768", "0.009"),
    ("m4oe/table9", "multi_task_natural/evif", "density_auprc", "0.760", "0.019"),
    ("m4oe/table10", "fuse_moe", "mortality_auroc", "0.833", "0.033"),
    ("m4oe/table11", "multi_task_medical/eyestar_mtoe", "grade_auroc", "0.926", "0.008"),
    ("m4oe/table12", "soft_moe", "m4", "0.072", None),
    ("m4oe/table13", "m4oe", "params", "3.2B", None),
    ("m4oe/table13", "evif", "inference_s", "0.50", None),
    ("m4oe/table14", "full", "gamma_segmentation", "0.897", None),
    ("m4oe/table15", "basic_moe/n32", "density", "82.0", None),
    ("m4oe/table16", "noise_2", "birads_acc/b_noisy", "0.603", None),
    ("m4oe/table16", "noise_4", "density_share/b_noisy", "0.868,0.132", None),
    ("amc/table1", "fusemoe", "lgg", "0.567", "0.08"),
    ("amc/table1", "muse", "blca", "0.501", "0.0"),
    ("amc/table1", "amc", "average", "0.734", None),
    ("amc/table2", "limoe", "f1", "34.8", "8.2"),
    ("amc/table2", "muse", "precision", "58.72", "0.91"),
    ("amc/table3", "fusemoe", "precision", "53.08", "14.11"),
    ("amc/table4", "std", "acc", "67.24", "2.0"),
    ("amc/table5", "score_network", "recall", "61.59", "1.58"),
    ("amc/table6", "no_token_fusion", "f1", "57.71", "0.9"),
    ("amc/table8", "both/highmmt", "acc", "52.6", None),
    ("amc/table8", "both/amc", "acc", "68.9", "3.7"),
    ("amc/table9", "with_missing", "recall", "55.77", "3.32"),
    ("amc/table10", "amc", "gflops", "45.23", None),
    ("amc/table11", "adni/biospecimen", "adni_recall", "32.6", None),
    ("amc/table12", "lab", "f1", "58.67", None),
    ("i2moe/table1", "lrmf", "mosi_acc", "76.63", None),
    ("i2moe/table1", "moepp", "mimic_acc", "72.51", None),
    ("i2moe/table1", "ef", "imdb_micro_f1", "56.10", None),
    ("i2moe/table2", "i2moe_moepp", "imdb_micro_f1", "60.60", None),
    ("i2moe/table3", "agree_correct", "imdb", "0.00", None),
    ("i2moe/table3", "disagree_correct", "mosi", "37.80", None),
    ("i2moe/table4", "less_forward", "enrico_acc", "46.92", None),
    ("i2moe/table4", "synergy_redundancy", "adni_auroc", "74.30", None),
    ("i2moe/table5", "random", "adni_auroc", "81.09", "0.02"),
    ("i2moe/table5", "mean", "enrico_acc", "50.00", "1.94"),
    ("i2moe/table6", "i2moe_mult", "imdb_train_s", "44.2", "0.59"),
    ("i2moe/table6", "mult", "enrico_infer_s", "0.2", "0"),
    ("i2moe/table6", "i2moe_mult", "adni_params", "6696728", None),
    ("flame/table4", "n32", "diagnosis", "0.725", None),
    ("flame/table4", "n2", "risk", "0.690", None),
    ("flame/table4", "n16", "pheno_25", "0.710", None),
    ("flame/table4", "n4", "mortality", "0.835", None),
    ("flame/table5", "n8", "readmission", "0.452", None),
    ("flame/table5", "n32", "birads", "0.561", None),
    ("flame/table5", "n2", "density", "0.742", None),
    ("flame/table5", "n4", "risk", "0.136", None),
    ("flame/table6", "single_task/gaussian", "auprc/ihm_48h", "0.461", None),
    ("flame/table6", "multitask_per_dataset/softmax", "auroc/los", "0.809", None),
    ("flame/table6", "multitask_all_datasets/softmax", "auprc/diagnosis", "0.603", None),
    ("flame/table6", "multitask_all_datasets/gaussian", "auroc/risk", "0.732", None),
    ("moe_retriever/table1", "mmformer", "mimic_nc_acc", "77.37", "0.00"),
    ("moe_retriever/table1", "moe_retriever", "adni_igc_f1", "62.17", "2.90"),
    ("moe_retriever/table1", "m3care", "adni_igcb_acc", "54.68", "0.70"),
    ("moe_retriever/table1", "fusemoe", "mimic_lnc_f1", "55.72", "1.03"),
    ("moe_retriever/table1", "muse", "mimic_lnc_f1", "51.25", "1.87"),
    ("moe_retriever/table1", "shaspec", "adni_ig_acc", "54.81", "4.47"),
    ("moe_retriever/table2", "m3care", "enrico_sw_acc", "19.06", "5.17"),
    ("moe_retriever/table2", "mmformer", "mosi_vt_acc", "62.20", "0.90"),
    ("moe_retriever/table2", "fusemoe", "mosi_vat_acc", "60.67", "0.22"),
    ("moe_retriever/table2", "muse", "mosi_at_acc", "50.82", "1.91"),
    ("moe_retriever/table3", "et8_esh1_r1", "acc", "60.60", "1.32"),
    ("moe_retriever/table3", "et16_esh4_r1", "f1", "59.91", "1.22"),
    ("moe_retriever/table3", "sparse_moe_fusion_layer", "f1", "63.11", "2.25"),
]


@pytest.fixture(scope="module")
def tables() -> dict[str, PrintedTable]:
    shipped_tables = [table.printed for table in all_tables() if table.printed]
    return {table.id: table for table in map(load_printed, shipped_tables)}


def digits(table: PrintedTable, row: str, column: str) -> Decimal:
    cell = table.cell(row, column)
    assert cell is not None
    assert cell.value is not None
    return Decimal(cell.value)


def count(table: PrintedTable) -> tuple[int, int, int]:
    cells = [cell for _, _, cell in table.cells()]
    return len(cells), sum(c.is_null for c in cells), sum(not c.applicable for c in cells)


def test_every_table_has_its_number_of_cells(tables: dict[str, PrintedTable]) -> None:
    assert {name: count(table) for name, table in tables.items()} == COUNTS


@pytest.mark.parametrize("paper", PER_PAPER)
def test_paper_totals(tables: dict[str, PrintedTable], paper: str) -> None:
    per_table = [count(table) for table in tables.values() if table.paper == paper]
    assert tuple(map(sum, zip(*per_table, strict=True))) == PER_PAPER[paper]


def test_find_printed_knows_what_is_shipped() -> None:
    found = find_printed("m4oe/table7")
    assert found is not None
    assert found.name == "table7.yaml"
    assert find_printed("suite/quickstart") is None


@pytest.mark.parametrize(("name", "row", "column", "value", "spread"), SPOTS)
def test_printed_digits(
    tables: dict[str, PrintedTable], name: str, row: str, column: str, value: str, spread: str
) -> None:
    cell = tables[name].cell(row, column)
    assert cell is not None
    assert (cell.value or ",".join(cell.vector), cell.spread) == (value, spread)


def test_each_paper_is_spot_checked() -> None:
    assert min(Counter(name.partition("/")[0] for name, *_ in SPOTS).values()) >= 12


def test_letters_scale_the_number(tables: dict[str, PrintedTable]) -> None:
    column = [tables["m4oe/table13"].cell(row, "params") for row in ("mirai", "m4oe")]
    assert [cell.mean for cell in column if cell] == [120.4e6, 3.2e9]


def test_metrics_are_known_and_none_is_idle(tables: dict[str, PrintedTable]) -> None:
    used = {column.metric for table in tables.values() for column in table.columns}
    assert used <= {*METRICS, *PRINTED_ONLY}
    assert set(PRINTED_ONLY) <= used


def test_ledger_stands_wherever_it_says(tables: dict[str, PrintedTable]) -> None:
    texts: dict[str, set[str]] = {}
    for table in tables.values():
        assert bool(table.ledger) == (table.id not in NO_LEDGER), table.id
        for entry in table.ledger:
            texts.setdefault(entry.id, set()).add(entry.text)
            for other in entry.where:
                ids = {one.id for one in tables[f"{table.paper}/{other}"].ledger}
                assert entry.id in ids, (entry.id, other)
    assert all(len(different) == 1 for different in texts.values())


def test_no_text_names_where_it_was_written(tables: dict[str, PrintedTable]) -> None:
    for name in tables:
        text = (shipped("tables") / f"{name}.yaml").read_text(encoding="utf-8")
        assert "/work" not in text
        assert "http" not in text


# ---------------------------------------------------------------- arithmetic the papers allow


def test_m4oe_tables_agree_where_they_overlap(tables: dict[str, PrintedTable]) -> None:
    seven, four = tables["m4oe/table7"], tables["m4oe/table4"]
    pairs = {"risk_acc": "risk_1y", "density_acc": "density", "birads_acc": "birads"}
    for row in four.rows:
        setting, _, method = row.key.partition("/")
        same = [one for one in seven.rows if one.key.endswith(f"/{method}")]
        twin = next(one for one in same if one.key.startswith(setting))
        for in_seven, in_four in pairs.items():
            assert 100 * digits(seven, twin.key, in_seven) == digits(four, row.key, in_four)


def test_m4oe_full_model_repeats(tables: dict[str, PrintedTable]) -> None:
    places = [("table3", "full"), ("table4", "multi_task/m4oe"), ("table5", "n128/alpha_0_05")]
    places.append(("table15", "m4oe/n128"))
    for column in ("risk_1y", "risk_2y", "risk_3y", "risk_4y", "risk_5y", "density"):
        assert len({digits(tables[f"m4oe/{t}"], row, column) for t, row in places}) == 1
    for task, name, column in (
        ("embed_risk", "table7", "risk_acc"),
        ("rsna_birads", "table8", "birads_acc"),
        ("vindr_density", "table9", "density_acc"),
        ("gamma_grade", "table11", "grade_acc"),
    ):
        full = digits(tables["m4oe/table14"], "full", task)
        assert full == digits(tables[f"m4oe/{name}"], "multi_task_natural/m4oe", column)


def test_m4oe_synergy_is_symmetric(tables: dict[str, PrintedTable]) -> None:
    table = tables["m4oe/table6"]
    views = ("m1", "m2", "m3", "m4")
    for model in ("baseline", "m4oe"):
        for task in ("density", "risk"):
            for a in views:
                for b in views:
                    one = table.cell(f"{model}/{a}", f"{task}/{b}")
                    other = table.cell(f"{model}/{b}", f"{task}/{a}")
                    assert one == other
                    assert one is not None
                    assert one.is_null == (a == b)


def test_m4oe_noise_is_a_mixture(tables: dict[str, PrintedTable]) -> None:
    table = tables["m4oe/table16"]
    share = {"clean": Decimal("0.70"), "a_noisy": Decimal("0.15"), "b_noisy": Decimal("0.15")}
    for task in ("density", "birads"):
        parts = (w * digits(table, "noise_4", f"{task}_acc/{s}") for s, w in share.items())
        mixed = sum(parts, start=Decimal(0))
        assert abs(mixed - digits(table, "noise_4", f"{task}_acc/overall")) <= Decimal("0.0005")
    for row, column, cell in table.cells():
        if column.metric == "modality_share" and cell.vector:
            assert sum(map(Decimal, cell.vector)) == 1, (row.key, column.key)


def test_amc_averages(tables: dict[str, PrintedTable]) -> None:
    table = tables["amc/table1"]
    for row in table.rows:
        five = [digits(table, row.key, c) for c in ("ucec", "luad", "lgg", "brca", "blca")]
        assert abs(sum(five) / 5 - digits(table, row.key, "average")) <= Decimal("0.0005"), row.key


def test_amc_rows_that_repeat(tables: dict[str, PrintedTable]) -> None:
    for column in ("acc", "recall", "precision", "f1"):
        main = tables["amc/table3"].cell("amc", column)
        assert main == tables["amc/table4"].cell("mean", column)
        assert main == tables["amc/table5"].cell("amc", column)
        assert main == tables["amc/table6"].cell("full", column)
        assert tables["amc/table2"].cell("amc", column) == tables["amc/table9"].cell(
            "complete", column
        )
        vanilla = tables["amc/table5"].cell("vanilla_attention", column)
        assert vanilla == tables["amc/table6"].cell("no_differential_attention", column)
        for one in ("code", "note", "lab"):
            there = tables["amc/table11"].cell(f"mimic_iv/{one}", f"mimic_{column}")
            assert there == tables["amc/table12"].cell(one, column)


@pytest.mark.parametrize("name", ["i2moe/table2", "i2moe/table4"])
def test_i2moe_changes_are_differences(tables: dict[str, PrintedTable], name: str) -> None:
    vanilla = tables["i2moe/table1"]
    for row, column, cell in tables[name].cells():
        against = row.key.removeprefix("i2moe_") if name.endswith("2") else "i2moe_mult"
        assert cell.delta is not None
        change = digits(tables[name], row.key, column.key) - digits(vanilla, against, column.key)
        assert change == Decimal(cell.delta), (row.key, column.key)


def test_i2moe_agreement_adds_up(tables: dict[str, PrintedTable]) -> None:
    table, main = tables["i2moe/table3"], tables["i2moe/table1"]
    for column in table.columns:
        parts = [digits(table, row.key, column.key) for row in table.rows]
        assert sum(parts) == 100, column.key
    for dataset in ("adni", "mosi", "enrico"):
        right = sum(digits(table, f"{kind}_correct", dataset) for kind in ("agree", "disagree"))
        assert right == digits(main, "i2moe_mult", f"{dataset}_acc")


def test_i2moe_random_mask_is_the_main_model(tables: dict[str, PrintedTable]) -> None:
    for column in tables["i2moe/table5"].columns:
        random = digits(tables["i2moe/table5"], "random", column.key)
        assert random == digits(tables["i2moe/table1"], "i2moe_mult", column.key)


def test_i2moe_parameters_are_experts_and_a_small_rest(tables: dict[str, PrintedTable]) -> None:
    table = tables["i2moe/table6"]
    rest = {"adni": 263942, "mimic": 49925, "imdb": 148740, "mosi": 1925, "enrico": 198148}
    experts = {"adni": 6, "mimic": 5, "imdb": 4, "mosi": 5, "enrico": 4}
    for dataset, small in rest.items():
        one = digits(table, "mult", f"{dataset}_params")
        whole = digits(table, "i2moe_mult", f"{dataset}_params")
        assert whole - experts[dataset] * one == small


def test_flame_laplace_row_is_the_sweep_with_eight(tables: dict[str, PrintedTable]) -> None:
    for name, metric in (("flame/table4", "auroc"), ("flame/table5", "auprc")):
        for column in tables[name].columns:
            gate = tables["flame/table6"].cell(
                "multitask_all_datasets/laplace", f"{metric}/{column.key}"
            )
            assert gate == tables[name].cell("n8", column.key)


def test_moe_retriever_full_row_repeats_table1(tables: dict[str, PrintedTable]) -> None:
    for metric in ("acc", "f1"):
        full = tables["moe_retriever/table3"].cell("full", metric)
        main = tables["moe_retriever/table1"].cell("moe_retriever", f"adni_igcb_{metric}")
        assert full is not None
        assert main is not None
        assert (full.value, full.spread) == (main.value, main.spread)
        assert full.flags == ("bold",)


def test_titles_fit_a_narrow_terminal(tables: dict[str, PrintedTable]) -> None:
    assert max(len(f"{table.id}: {table.title}") for table in tables.values()) <= 80
