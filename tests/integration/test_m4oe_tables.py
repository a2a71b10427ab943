"""A slice of Table 7 of M4oE on a fresh machine: generated mammograms, small nets, one fold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

M4OE, PRIOR = "multi_task_natural/m4oe", "prior"


def mmbench(cache: Path, *words: str) -> str:
    command = [sys.executable, "-c", "from benchmark.cli.app import main; main()", *words]
    shared = ["--cache", str(cache), "--source", "synthetic"]
    done = subprocess.run([*command, *shared], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_m4oe_is_above_the_prior_on_every_task(tmp_path: Path) -> None:
    slice_of = ("--rows", PRIOR, M4OE, "--folds", "0")
    text = mmbench(tmp_path, "run", "table7", *slice_of, "-j", "2")
    assert "SYNTHETIC data; not comparable" in text
    found = json.loads(mmbench(tmp_path, "report", "table7", *slice_of, "--json"))
    rows = {row["key"]: row["cells"] for row in found["rows"]}
    for column in rows[M4OE]:
        if "auroc" in column:
            assert rows[M4OE][column]["mean"] > rows[PRIOR][column]["mean"] + 0.02, column
    asked = ("m4oe/table7", "--datasets", "embed", "--models", "m4oe", "prior", "--folds", "0")
    assert "M4oE" in mmbench(tmp_path, "compare", *asked)
