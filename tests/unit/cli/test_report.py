"""``mmbench report`` and ``export`` from made-up runs: one document, verdicts, exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.cli import report as report_module
from benchmark.cli.app import app
from benchmark.core.paths import Paths
from benchmark.core.result import MetricRow, RunResult
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.selection import Request
from benchmark.store.runs import RunStore

MANIFEST = """\
schema_version: 1
id: m4oe/{name}
title: A miniature
datasets:
  wdbc: {{}}
columns:
  - {{dataset: wdbc, task: diagnosis, metrics: [acc]}}
settings:
  split: {{kind: ratio}}
  seeds: [0, 1]
rows:
  - {{key: ridge, label: Ridge, model: ridge_logistic}}
sources:
  settings: "ours: a test"
"""
PRINTED = """\
schema_version: 1
id: m4oe/one
paper: m4oe
title: A miniature
where: Table 99
unit: percent
spread: {kind: std, ddof: 1, n: 2, over: seeds}
columns:
  - {key: acc, label: ACC, dataset: wdbc, task: diagnosis, metric: acc, definition: acc,
     higher_is_better: true}
rows:
  - {key: ridge, label: Ridge, cells: {acc: VALUE}}
"""


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two tables; the paper prints numbers for the first, ``VALUE`` of ``print_number``."""
    printed = tmp_path / "printed" / "m4oe" / "one.yaml"
    printed.parent.mkdir(parents=True)
    found = {"m4oe/one": printed}
    monkeypatch.setattr(report_module, "find_printed", found.get)
    monkeypatch.setenv("MMBENCH_CACHE", str(tmp_path / "cache"))
    paths = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(MANIFEST.format(name=name))
        paths.append(str(path))
    fill(tmp_path, paths[0])
    print_number(tmp_path, "80.0 ± 1.0")
    return paths


def print_number(folder: Path, value: str) -> None:
    text = PRINTED.replace("VALUE", value)
    (folder / "printed" / "m4oe" / "one.yaml").write_text(text)


def fill(folder: Path, manifest: str) -> None:
    """Store accuracies 0.900 and 0.902 on test."""
    paths = Paths(cache=folder / "cache")
    request = Request(DataContext(paths), profile="paper")
    store = RunStore(paths.cache)
    for run in expand(load_manifest(Path(manifest)), request).runs:
        row = MetricRow(
            part="test",
            dataset="wdbc",
            task="diagnosis",
            metric="acc",
            value=0.9 + run.spec.seed / 500,
            n=85,
        )
        store.write(RunResult(spec=run.spec, status="ok", rows=(row,)))


def invoke(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout


def test_strict_ends_with_5_where_a_number_differs(tables: list[str], tmp_path: Path) -> None:
    code, out = invoke("report", tables[0], "--profile", "paper", "--strict")
    assert code == 5
    assert "differs" in out
    assert invoke("report", tables[0], "--profile", "paper")[0] == 0
    print_number(tmp_path, "90.1 ± 0.1")
    code, out = invoke("report", tables[0], "--profile", "paper", "--strict")
    assert code == 0
    assert "agrees" in out


def test_demo_and_changed_settings_never_differ(tables: list[str]) -> None:
    code, out = invoke("report", tables[0], "--profile", "demo", "--strict")
    assert (code, "not comparable (profile demo)" in out) == (0, True)
    change = ["--set", "config.max_iter=90"]
    code, out = invoke("report", tables[0], "--profile", "paper", "--strict", *change)
    assert code == 0
    assert "Changed with --set: config.max_iter=90" in out


def test_json_of_several_tables_is_one_document(tables: list[str]) -> None:
    one = json.loads(invoke("report", tables[0], "--profile", "paper", "--json")[1])
    assert one["id"] == "m4oe/one"
    lines = one["further"]["against_paper"]["rows"]
    assert [line["cells"]["verdict"]["verdict"] for line in lines] == ["differs"]
    assert lines[0]["cells"]["difference"]["difference"] == pytest.approx(10.1)
    both = json.loads(invoke("report", *tables, "--profile", "paper", "--json")[1])
    assert [table["id"] for table in both] == ["m4oe/one", "m4oe/two"]


@pytest.mark.parametrize("fmt", ["markdown", "latex", "csv", "json"])
def test_several_tables_share_a_file(tables: list[str], tmp_path: Path, fmt: str) -> None:
    path = tmp_path / "out.txt"
    words = ["export", *tables, "--profile", "paper", "-f", fmt]
    assert invoke(*words, "-o", str(path))[0] == 0
    text = path.read_text()
    assert text == invoke(*words)[1]
    if fmt == "csv":
        lines = list(csv.DictReader(io.StringIO(text)))
        ids = [line["table"] for line in lines]
        assert ids == ["m4oe/one", *["m4oe/one/against_paper"] * 4, "m4oe/two"]
    elif fmt == "json":
        assert [one["id"] for one in json.loads(text)] == ["m4oe/one", "m4oe/two"]
    else:
        title = {"markdown": "**m4oe/{}: A miniature**", "latex": "tab:m4oe-{}}}"}[fmt]
        assert all(text.count(title.format(name)) == 1 for name in ("one", "two"))


def test_a_folder_gets_a_file_per_table(tables: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    invoke("export", *tables, "--profile", "paper", "-f", "csv", "-o", f"{folder}/")
    assert sorted(one.name for one in folder.iterdir()) == ["m4oe-one.csv", "m4oe-two.csv"]


def test_no_predictions_no_intervals(tables: list[str]) -> None:
    code, out = invoke("report", tables[1], "--profile", "paper", "--json", "--intervals")
    assert code == 0
    assert json.loads(out)["further"] == {}
