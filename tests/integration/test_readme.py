"""The README's own model, dataset and table work as printed there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.cli.check import check_all
from benchmark.core.paths import Paths, checkout
from benchmark.manifest.load import load_manifest
from benchmark.plugins.loading import load_plugins

SECTIONS = {
    "Your own model": "my_model.py",
    "Your own dataset": "my_dataset.py",
    "Your own table": "my_table.yaml",
}
LONGEST = 30


def section(title: str) -> str:
    """The text under a heading of the README."""
    root = checkout()
    if root is None:
        pytest.skip("needs the checkout")
    text = (root / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {title}\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert found, f"README.md has no section {title!r}"
    return found.group(1)


def blocks(title: str) -> list[tuple[str, str]]:
    """Language and text of every fenced block of a section."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", section(title), re.MULTILINE | re.DOTALL)


def code(title: str) -> str:
    """The one block of code of a section."""
    (text,) = [text for language, text in blocks(title) if language]
    return text


def commands(title: str) -> list[str]:
    """What a reader is told to type."""
    texts = [text for language, text in blocks(title) if not language]
    return [line for text in texts for line in text.splitlines() if line.startswith("mmbench ")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder with the three files and a table of patients."""
    for title, name in SECTIONS.items():
        text = code(title)
        assert text.startswith(f"# {name}\n")
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "clinic").mkdir()
    patients().to_csv(tmp_path / "clinic" / "clinic.csv", index=False)
    return tmp_path


def patients() -> pd.DataFrame:
    """Sixty visits of forty patients; some have no lab."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"patient": [f"p{i % 40}" for i in range(60)]})
    for column in ("sodium", "creatinine", "pulse", "pressure", "age"):
        table[column] = rng.normal(size=60)
    table.loc[rng.random(60) < 0.3, ["sodium", "creatinine"]] = np.nan
    return table.assign(died=np.arange(60) % 2)


@pytest.mark.parametrize("title", SECTIONS)
def test_thirty_lines_are_enough(title: str) -> None:
    assert len([line for line in code(title).splitlines() if line.strip()]) <= LONGEST
    assert max(len(line) for line in code(title).splitlines()) <= 110
    assert commands(title)


@pytest.mark.usefixtures("own_registries")
def test_model_and_dataset_pass_their_checks(folder: Path) -> None:
    paths = Paths(cache=folder / "cache", releases={"clinic": folder / "clinic"})
    subjects = [str(folder / "my_model.py"), str(folder / "my_dataset.py")]
    assert check_all(subjects, {}, paths, as_json=False)


@pytest.mark.usefixtures("own_registries")
def test_the_table_holds(folder: Path) -> None:
    assert load_plugins([folder / "my_model.py"]) == []
    manifest = load_manifest(folder / "my_table.yaml")
    assert [row.model for row in manifest.rows][-1] == "gated_fusion"


@pytest.mark.slow
def test_every_command_works_as_printed(folder: Path) -> None:
    printed = {title: [_type(line, folder) for line in commands(title)] for title in SECTIONS}
    assert "13 ok" in printed["Your own model"][0]
    assert "11 ok" in printed["Your own dataset"][0]
    _, table, latex = printed["Your own table"]
    scores = re.findall(r"Gated fusion +(0\.\d+)", table)
    assert scores, table
    assert float(scores[0]) > 0.9
    assert r"\begin{tabular}" in latex
    assert "Gated fusion" in latex


def _type(line: str, folder: Path) -> str:
    words = shlex.split(line)
    assert words[0] == "mmbench"
    environment = {**os.environ, "MMBENCH_CACHE": str(folder / "cache"), "COLUMNS": "160"}
    command = "from benchmark.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", command, *words[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout
