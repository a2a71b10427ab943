"""A slice of Table 10 of M4oE: a generated MIMIC-IV with notes and X-rays, small nets, one fold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROWS = ("prior", "haim", "m4oe")


def mmbench(cache: Path, *words: str) -> str:
    command = [sys.executable, "-c", "from benchmark.cli.app import main; main()", *words]
    shared = ["--cache", str(cache), "--source", "synthetic"]
    done = subprocess.run([*command, *shared], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_haim_and_m4oe_are_above_the_prior(tmp_path: Path) -> None:
    slice_of = ("--rows", *ROWS, "--folds", "0")
    text = mmbench(tmp_path, "run", "m4oe/table10", *slice_of, "-j", "2")
    assert "SYNTHETIC data; not comparable" in text
    found = json.loads(mmbench(tmp_path, "report", "m4oe/table10", *slice_of, "--json"))
    rows = {row["key"]: row["cells"] for row in found["rows"]}
    for row in ROWS[1:]:
        for column in rows[row]:
            if "auroc" in column:
                assert rows[row][column]["mean"] > rows["prior"][column]["mean"] + 0.1, (
                    row,
                    column,
                )
