"""``mmbench data synth``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.cli.data_synth import write_synthetic
from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.datasets.tcga.config import TCGAConfig
from benchmark.datasets.tcga.dataset import TCGA

SMALL = {"cancer": "ucec"}


def test_what_it_writes_the_loader_reads_as_synthetic(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    write_synthetic("tcga", out, 40, 5, SMALL, as_json=False)
    text, remarks = capsys.readouterr()
    assert f"use it with --data tcga={out}" in text
    assert "size 40, seed 5" in remarks
    context = DataContext(Paths(cache=tmp_path / "cache", releases={"tcga": out}))
    dataset = TCGA(TCGAConfig.parse(SMALL), context)
    assert len(dataset.samples) == 40
    assert dataset.release.source == "synthetic"


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_synthetic("tcga", tmp_path / "mine", 30, 0, SMALL, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["folder"] == str(tmp_path / "mine")
    assert Path(found["truth"], "risk.csv").is_file()
    assert found["files"] == sum(one.is_file() for one in (tmp_path / "mine").rglob("*"))


@pytest.mark.parametrize("taken", ["mine", "mine.truth"])
def test_nothing_is_overwritten(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).mkdir()
    (tmp_path / taken / "thesis.tex").write_text("x")
    with pytest.raises(UsageError, match=rf"{taken} is not empty; nothing was written"):
        write_synthetic("tcga", tmp_path / "mine", 30, 0, SMALL, as_json=False)
    assert [one.name for one in tmp_path.iterdir()] == [taken]


def test_what_cannot_be_generated(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="wdbc has no generator"):
        write_synthetic("wdbc", tmp_path / "mine", None, 0, {}, as_json=False)
    with pytest.raises(UnknownNameError, match="unknown dataset 'tgca'"):
        write_synthetic("tgca", tmp_path / "mine", None, 0, {}, as_json=False)
    with pytest.raises(UsageError, match=r"--set canc: unknown key \(did you mean 'cancer'"):
        write_synthetic("tcga", tmp_path / "mine", None, 0, {"canc": "luad"}, as_json=False)
