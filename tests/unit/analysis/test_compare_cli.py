"""``mmbench compare`` and ``report --figures`` end to end on made-up results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmark.cli.app import app
from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.plan import PlannedRun
from benchmark.manifest.selection import Request
from benchmark.manifest.tables import resolve_table
from benchmark.render.figures import canvas

from .conftest import MANIFEST, Expand, Fill

METRICS = ("acc", "auroc_binary", "auprc_ap", "auprc_trapezoid")
Invoke = Callable[..., Result]


def by_model(run: PlannedRun, metric: str) -> float:
    base = {"prior": 0.5, "ridge_logistic": 0.8}.get(run.spec.model.name, 0.7)
    return base + run.spec.split.fold * (0.01 if base > 0.75 else 0.02)


@pytest.fixture
def invoke(paths: Paths) -> Invoke:
    """Run a verb on the test's own cache; errors are raised."""

    def make(*words: str) -> Result:
        return CliRunner().invoke(
            app, [*words, "--cache", str(paths.cache)], catch_exceptions=False
        )

    return make


@pytest.fixture
def table(tmp_path: Path, toy: Expand, fill: Fill) -> str:
    """A table with results."""
    fill(toy(), by_model, METRICS, {"train": 70, "val": 10, "test": 20})
    return str(tmp_path / "toy.yaml")


def quickstart(paths: Paths) -> Expansion:
    path = resolve_table("suite/quickstart").manifest
    assert path is not None
    return expand(load_manifest(path), Request(DataContext(paths)))


def test_a_table_is_compared_on_the_terminal(table: str, invoke: Invoke) -> None:
    done = invoke("compare", table, "--datasets", "wdbc")
    assert done.exit_code == 0
    assert "compare/results: 3 methods on wdbc" in done.stdout
    assert "compare/tests: Differences to Ridge" in done.stdout
    assert "Nadeau and Bengio" in done.stdout


@pytest.mark.parametrize(
    ("fmt", "sign"), [("latex", r"\begin{table"), ("markdown", "| Method"), ("csv", "table,")]
)
def test_formats(fmt: str, sign: str, table: str, invoke: Invoke) -> None:
    text = invoke("compare", table, "--format", fmt).stdout
    assert text.count("Differences to Ridge") >= 1
    assert sign in text


def test_json_is_one_object_with_unrounded_tests(table: str, invoke: Invoke) -> None:
    value = json.loads(invoke("compare", table, "--json", "--metric", "acc").stdout)
    assert value["id"] == "compare/results"
    assert set(value["further"]) == {"tests"}
    assert [one["metric"] for one in value["comparison"]["blocks"]] == ["acc", "acc"]
    ranks = {one["key"]: one["mean_rank"] for one in value["comparison"]["methods"]}
    assert ranks == {"suite/toy:ridge": 1.0, "suite/toy:trees": 2.0, "suite/toy:prior": 3.0}


def with_reference(path: str, row: str | None) -> str:
    """Give a table file a reference; return the same path."""
    lines = Path(path).read_text().split("\nreference:")[0].rstrip()
    text = f"{lines}\n" + (f"reference: {row}\n" if row else "")
    Path(path).write_text(text)
    return path


def test_the_reference_of_the_tables_is_the_default(table: str, invoke: Invoke) -> None:
    words = ("compare", with_reference(table, "prior"), "--metric", "acc", "--json")
    found = json.loads(invoke(*words).stdout)
    assert found["comparison"]["reference"] == "suite/toy:prior"
    assert found["comparison"]["reference_chosen_by"] == "tables"
    assert found["further"]["tests"]["caption"][-1] == "The reference is the one the tables name."
    named = json.loads(invoke(*words, "--reference", "trees").stdout)["comparison"]
    assert (named["reference"], named["reference_chosen_by"]) == ("suite/toy:trees", "named")
    # A reference that is not among the rows compared cannot be tested against.
    without = json.loads(invoke(*words, "--rows", "ridge", "trees").stdout)["comparison"]
    assert (without["reference"], without["reference_chosen_by"]) == ("suite/toy:ridge", "rank")


@pytest.mark.parametrize(("second", "by"), [("prior", "tables"), ("ridge", "rank"), (None, "rank")])
def test_tables_must_agree_on_the_reference(
    second: str | None, by: str, table: str, invoke: Invoke, tmp_path: Path
) -> None:
    with_reference(table, "prior")
    other = tmp_path / "other.yaml"
    other.write_text(Path(table).read_text().replace("suite/toy", "suite/again"))
    with_reference(str(other), second)
    words = ("compare", table, str(other), "--metric", "acc", "--rows", "prior", "ridge", "--json")
    found = json.loads(invoke(*words).stdout)["comparison"]
    assert found["reference_chosen_by"] == by
    assert (found["reference"] == "suite/toy:prior") == (by == "tables")


def test_a_report_tests_every_column_against_the_reference(table: str, invoke: Invoke) -> None:
    with_reference(table, "prior")
    found = json.loads(invoke("report", table, "--tests", "--json").stdout)
    tests = found["further"]["tests"]
    assert tests["title"] == "Differences to Prior"
    assert [row["label"] for row in tests["rows"]] == ["Ridge", "Trees"]
    keys = [f"wdbc/diagnosis/{one}/difference" for one in ("acc", "auprc_ap", "auprc_trapezoid")]
    assert set(keys) < {column["key"] for column in tests["columns"]}
    ridge, trees = (row["cells"] for row in tests["rows"])
    # ridge 0.80 0.81 0.82, prior 0.50 0.52 0.54: differences 0.30 0.29 0.28.
    reach = 4.302653 * (0.0001 * (1 / 3 + 20 / 70)) ** 0.5  # t of 2 degrees of freedom at 97.5 %
    cell = ridge["wdbc/diagnosis/acc/difference"]
    assert cell["difference"] == pytest.approx(0.29)
    assert (cell["low"], cell["high"]) == pytest.approx((0.29 - reach, 0.29 + reach), abs=1e-6)
    assert trees["wdbc/diagnosis/acc/difference"]["difference"] == pytest.approx(0.2)
    assert trees["wdbc/diagnosis/acc/p"]["kind"] == "empty"
    assert any("Nadeau and Bengio" in line for line in tests["caption"])
    # trees 0.70 0.72 0.74: always 0.2 above, so no test.
    notes = [one["text"] for one in tests["notes"]]
    assert "Trees, wdbc: diagnosis, ACC: all differences are equal." in notes


def test_a_report_takes_a_reference_and_needs_one(table: str, invoke: Invoke) -> None:
    out = invoke("report", table, "--reference", "Trees").stdout
    assert "suite/toy/tests: Differences to Trees" in out
    # Trees are not measured on planted.
    assert "planted: label" not in out.partition("suite/toy/tests")[2]
    text = invoke("export", table, "--reference", "ridge", "-f", "markdown").stdout
    assert "Differences to Ridge" in text
    with pytest.raises(UsageError, match=r"names no reference.*\n.*--reference ROW, one of prior"):
        invoke("report", table, "--tests")
    with pytest.raises(UnknownNameError, match="unknown reference 'tree'"):
        invoke("report", table, "--reference", "tree")


def test_without_results_of_the_reference_nothing_is_tested(
    table: str, invoke: Invoke, paths: Paths
) -> None:
    done = invoke("report", table, "--reference", "prior", "--rows", "ridge")
    assert "nothing to test: prior has no results here" in done.stderr
    assert "Differences to" not in done.stdout


def test_a_file_and_a_folder(table: str, invoke: Invoke, tmp_path: Path) -> None:
    invoke("compare", table, "-f", "csv", "-o", str(tmp_path / "mine.csv"))
    lines = (tmp_path / "mine.csv").read_text().splitlines()
    assert sum(line.startswith("table,") for line in lines) == 1
    assert {line.split(",")[0] for line in lines[1:]} == {"compare/results", "compare/tests"}
    invoke("compare", table, "-f", "markdown", "-o", str(tmp_path / "out"))
    assert (tmp_path / "out" / "compare.md").is_file()


def test_without_a_table_every_results_table_with_the_dataset_is_searched(
    paths: Paths, fill: Fill, invoke: Invoke
) -> None:
    fill(quickstart(paths), by_model, METRICS)
    done = invoke("compare", "--datasets", "wdbc", "--models", "prior", "ridge_logistic")
    assert "compare/results: 2 methods on wdbc" in done.stdout
    assert "From suite/quickstart" in done.stdout


def test_a_selection_must_fit_one_table_not_each(
    table: str, paths: Paths, fill: Fill, invoke: Invoke
) -> None:
    fill(quickstart(paths), by_model, METRICS)
    done = invoke("compare", table, "quickstart", "--rows", "ridge", "ridge_logistic", "prior")
    assert "Ridge logistic" in done.stdout
    assert "wdbc: diagnosis has 2 columns, which differ in division" in done.stdout
    with pytest.raises(UnknownNameError, match=r"unknown row 'rigde'\n.*'ridge'"):
        invoke("compare", table, "quickstart", "--rows", "rigde")


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        (("--datasets", "wdbb"), UnknownNameError, r"unknown dataset 'wdbb'\ndid you mean 'wdbc'"),
        ((), UsageError, "neither tables nor datasets were named"),
        (("suite/quickstart",), UsageError, r"nothing to compare is stored\n.*mmbench run"),
        (("quickstart", "--metric", "auroc"), UnknownNameError, "unknown metric 'auroc'"),
    ],
)
def test_what_cannot_be_compared_is_said(
    words: tuple[str, ...], error: type[Exception], text: str, invoke: Invoke
) -> None:
    with pytest.raises(error, match=text):
        invoke("compare", *words)


def test_figures_of_a_comparison(table: str, invoke: Invoke, tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    done = invoke("compare", table, "--rows", "prior", "ridge", "--figures", str(folder))
    names = {f"compare-{what}.{fmt}" for what in ("strip", "ranks") for fmt in canvas.FORMATS}
    assert {path.name for path in folder.iterdir()} == names
    assert all(path.stat().st_size > 2000 for path in folder.iterdir())
    assert "figure:" in done.stderr
    assert "figure:" not in done.stdout


@pytest.mark.slow
def test_six_columns_give_a_critical_difference_diagram(
    tmp_path: Path, tables: Callable[..., list[Expansion]], fill: Fill, invoke: Invoke
) -> None:
    names = [f"set{number}" for number in range(6)]
    text = MANIFEST.replace("  wdbc: {}\n  planted: {options: {n: 60}}\n", "".join(
        f"  {name}: {{loader: planted, options: {{n: {60 + number}}}}}\n"
        for number, name in enumerate(names)
    )).replace(", datasets: [wdbc]", "")  # fmt: skip
    head, _, rest = text.partition("columns:\n")
    columns = "".join(f"  - {{dataset: {name}, task: label, metrics: [acc]}}\n" for name in names)
    manifest = f"{head}columns:\n{columns}settings:{rest.partition('settings:')[2]}"
    fill(tables(manifest)[0], by_model, METRICS, {"train": 42, "val": 6, "test": 12})
    folder = tmp_path / "figures"
    done = invoke("compare", str(tmp_path / "table0.yaml"), "--figures", str(folder))
    assert "Friedman test over 6 columns" in done.stdout
    assert (folder / "compare-critical-difference.svg").is_file()


def test_figures_of_a_table(table: str, invoke: Invoke, tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    invoke("report", table, "--figures", str(folder))
    assert {path.name for path in folder.iterdir()} == {
        f"suite-toy-strip.{fmt}" for fmt in canvas.FORMATS
    }


def test_figures_need_matplotlib_and_a_folder(
    table: str, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"--figures .*file is a file"):
        invoke("compare", table, "--figures", str(tmp_path / "file"))
    monkeypatch.setattr(canvas, "find_spec", lambda name: None)
    for verb in ("compare", "report"):
        with pytest.raises(UsageError, match=r"matplotlib.*\n.*pip install 'mmbench\[figures\]'"):
            invoke(verb, table, "--figures", str(tmp_path))
