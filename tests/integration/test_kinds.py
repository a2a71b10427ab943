"""A miniature table of trained, evaluated and measured rows, from the command line to the page."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parent.parent / "unit" / "measures" / "toy_experts.py"

SCORES = """\
schema_version: 1
id: suite/scores
title: Trained and looked into
datasets:
  planted: {options: {n: 240, width: 3, mechanisms: {"unique:a": 1.0}}}
columns:
  - {dataset: planted, task: label, metrics: [acc, agreement_share]}
  - {dataset: planted, task: label, metrics: [acc, expert_weight], pick: {head: "expert:b"}}
settings:
  encoders: {"*": {name: mlp, width: 4, hidden: [8]}}
  training: {epochs: 5, optimizer: {lr: 0.02}}
  split: {folds: 2}
rows:
  - {key: toy, label: Toy, model: toy_experts}
  - {key: blind, label: Blind, kind: evaluate, of: toy, scenario: {name: drop, drop: [a]}}
  - {key: each, label: Each, kind: evaluate, of: toy, analysis: {name: experts}}
  - {key: alike, label: Alike, kind: evaluate, of: toy, analysis: {name: expert_agreement},
     pick: {subgroup: agree_correct}}
figures:
  - {name: expert_weights, row: each}
  - {name: expert_bars, row: each}
sources:
  settings: "ours: a test"
  datasets: "ours: a test"
  rows: "ours: a test"
"""
COST = """\
schema_version: 1
id: suite/cost
title: What they cost
kind: cost
datasets:
  planted: {options: {n: 240, width: 3, mechanisms: {"unique:a": 1.0}}}
columns:
  - {dataset: planted, metrics: [train_seconds_epoch, peak_memory, gflops, parameters]}
rows:
  - {key: toy, label: Toy, kind: measure, of: FOLDER/scores.yaml#toy, analysis: {repeats: 2}}
sources:
  datasets: "ours: a test"
  rows: "ours: a test"
"""

Call = Callable[..., str]


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Run the command line on the two tables and return what it prints."""
    (tmp_path / "scores.yaml").write_text(SCORES)
    (tmp_path / "cost.yaml").write_text(COST.replace("FOLDER", str(tmp_path)))

    def mmbench(verb: str, *options: str, code: int = 0) -> str:
        command = [sys.executable, "-c", "from benchmark.cli.app import main; main()", verb]
        tables = [str(tmp_path / name) for name in ("cost.yaml", "scores.yaml")]
        shared = ["--plugin", str(PLUGIN), "--cache", str(tmp_path / "cache"), "--device", "cpu"]
        done = subprocess.run(
            [*command, *tables, *shared, *options], capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return mmbench


@pytest.mark.slow
def test_rows_of_every_kind_from_end_to_end(call: Call, tmp_path: Path) -> None:
    plan = json.loads(call("plan", "--json"))
    assert plan["totals"]["to_run"] == 2 + 3 * 2 + 2, "a count, a timing, trainings, evaluations"
    shown = " ".join(call("run", "-j", "1").split())  # lines break where they must
    assert "suite/scores: Trained and looked into" in shown
    assert "Costs, not scores" in shown
    assert "median of 2 passes" in shown
    assert "torch keeps no peak of memory on cpu" in shown
    drawn = tmp_path / "figures"
    cost, scores = json.loads(call("report", "--json", "--figures", str(drawn)))
    for name in ("expert_weights", "expert_bars"):
        for fmt in ("png", "svg", "pdf"):
            assert (drawn / f"suite-scores-{name}-each-planted-label.{fmt}").stat().st_size > 1000
    cells = {row["key"]: row["cells"] for row in scores["rows"]}
    share, weight = "planted/label/agreement_share", "planted/label/expert_weight@head=expert:b"
    assert cells["toy"]["planted/label/acc"]["mean"] > 0.9
    assert cells["blind"]["planted/label/acc"]["mean"] < 0.75
    assert cells["each"]["planted/label/acc"] == {
        **cells["toy"]["planted/label/acc"],
        "mark": cells["each"]["planted/label/acc"]["mark"],
    }
    assert 0 < cells["alike"][share]["mean"] <= 1
    assert 0 < cells["each"][weight]["mean"] < 1
    assert cells["toy"][share]["kind"] == "empty"
    counts = cost["rows"][0]["cells"]
    assert counts["planted//parameters"]["mean"] == 192
    assert counts["planted//train_seconds_epoch"]["mean"] > 0
    assert json.loads(call("plan", "--json"))["totals"]["to_run"] == 0
    _lost_weights_are_trained_again(call, tmp_path / "cache")


def _lost_weights_are_trained_again(call: Call, cache: Path) -> None:
    """Weights that a stored child has seen already are still those of a finished parent."""
    kept = sorted(cache.glob("artifacts/*/weights.safetensors"))
    assert len(kept) == 2
    before = kept[0].read_bytes()
    shutil.rmtree(kept[0].parent)
    assert json.loads(call("plan", "--json"))["totals"]["to_run"] == 1
    call("run", "-j", "1")
    assert kept[0].read_bytes() == before
