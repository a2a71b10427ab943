"""A slice of I2MoE's tables, from the command line to shares that add up and figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TABLES = ("i2moe/table3", "i2moe/experts")
SLICE = ("--datasets", "mimic_iv", "--profile", "demo", "--source", "synthetic")


def _mmbench(verb: str, cache: Path, *options: str) -> str:
    command = [sys.executable, "-c", "from benchmark.cli.app import main; main()", verb, *TABLES]
    shared = [*SLICE, "--set", "training.epochs=2", "--cache", str(cache), "--device", "cpu"]
    done = subprocess.run(
        [*command, *shared, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_experts_of_one_trained_model_are_looked_into(tmp_path: Path) -> None:
    cache, drawn = tmp_path / "cache", tmp_path / "figures"
    _mmbench("run", cache, "-j", "1")
    agreement, experts = json.loads(_mmbench("report", cache, "--json", "--figures", str(drawn)))
    shares = [
        row["cells"]["mimic_iv/mortality_1y/agreement_share"]["mean"] for row in agreement["rows"]
    ]
    assert len(shares) == 4
    assert sum(shares) == pytest.approx(1)
    weights = [
        row["cells"]["mimic_iv/mortality_1y/expert_weight"]["mean"]
        for row in experts["rows"]
        if row["key"] in ("synergy", "redundancy") or row["key"].startswith("uniqueness_")
    ]
    assert sum(one for one in weights if one is not None) == pytest.approx(1)
    for name in ("expert_sample", "expert_weights", "expert_bars"):
        assert list(drawn.glob(f"i2moe-experts-{name}-*.png"))
