"""``mmbench data status``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.cli import data as data_module
from benchmark.cli.data import data_status, named_status
from benchmark.core.errors import DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.datasets import DATASETS


def status(paths: Paths, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    """Return what ``--json`` prints, by dataset."""
    data_status(paths, as_json=True)
    return {one["dataset"]: one for one in json.loads(capsys.readouterr().out)}


def test_every_registered_dataset_has_a_state(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    states = status(paths, capsys)
    assert list(states) == list(DATASETS)
    wdbc = states["wdbc"]
    assert (wdbc["available"], wdbc["source"]) == (True, "real")
    assert wdbc["release"]
    assert wdbc["version"]
    assert wdbc["terms"]
    assert states["planted"]["source"] == "synthetic"


class Absent:
    """A dataset whose release is elsewhere."""

    @classmethod
    def probe(cls, config: object, context: object) -> None:
        raise DataNotAvailable("no release of EMBED", "set MMBENCH_DATA")


def test_what_is_not_here_says_where_it_looked_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(DATASETS, "load", lambda _: Absent)
    paths = Paths(cache=tmp_path, data=tmp_path / "all", releases={"wdbc": tmp_path / "one"})
    states = status(paths, capsys)
    assert not states["wdbc"]["available"]
    assert states["wdbc"]["looked_in"] == str(tmp_path / "one")
    assert states["planted"]["looked_in"] == str(tmp_path / "all")
    assert states["wdbc"]["remedy"] == "no release of EMBED\nset MMBENCH_DATA"


def test_columns_for_people(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    states = [
        data_module.DatasetState("embed", False, remedy="no release of EMBED"),
        data_module.DatasetState("wdbc", True, "WDBC", "1995", "real", "all", "CC BY 4.0"),
    ]
    monkeypatch.setattr(data_module, "dataset_states", lambda _: states)
    data_status(paths, as_json=False)
    head, embed, wdbc, remedy = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["dataset", "available", "source"]
    assert embed.split() == ["embed", "no", "–", "–", "–", "–"]
    assert wdbc.split() == ["wdbc", "yes", "real", "1995", "–", "WDBC", "(all)", "CC", "BY", "4.0"]
    assert remedy == "embed: no release of EMBED"


def test_status_says_why_the_real_release_is_not_read(
    paths: Paths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data" / "cmu-mosi"
    folder.mkdir(parents=True)
    named_status(["mosi"], replace(paths, data=tmp_path / "data"), "auto", {}, as_json=False)
    text = capsys.readouterr().out
    assert f"  source    synthetic\n  real      mosi needs {folder / 'mosi_data.pkl'}\n" in text
    named_status(["mosi", "planted"], paths, "auto", {}, as_json=True)
    mosi, planted = json.loads(capsys.readouterr().out)
    assert "mosi is not here: no data folder is set" in mosi["real"]
    assert planted["real"] is None
