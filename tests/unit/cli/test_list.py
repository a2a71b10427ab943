"""``mmbench list``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.cli import list as listing
from benchmark.core import paths as paths_module
from benchmark.datasets import DATASETS
from benchmark.models import MODELS


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with two tables: one printed, one of our own that can be run."""
    monkeypatch.setattr(paths_module, "checkout", lambda: tmp_path)
    (tmp_path / "tables" / "amc").mkdir(parents=True)
    (tmp_path / "manifests" / "suite").mkdir(parents=True)
    (tmp_path / "tables" / "amc" / "table3.yaml").write_text("id: amc/table3\ntitle: Mortality\n")
    own = tmp_path / "manifests" / "suite" / "speed.yaml"
    own.write_text("id: suite/speed\nkind: cost\ntitle: 'How fast'\n")
    return tmp_path


@pytest.mark.usefixtures("checkout")
def test_tables_say_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    listing.list_tables(as_json=True, plain=False, manifests=False, kind=None)
    assert json.loads(capsys.readouterr().out) == [
        {
            "id": "amc/table3",
            "printed": True,
            "manifest": False,
            "kind": "results",
            "title": "Mortality",
        },
        {
            "id": "suite/speed",
            "printed": False,
            "manifest": True,
            "kind": "cost",
            "title": "How fast",
        },
    ]


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(
    ("manifests", "kind", "expected"),
    [
        (False, None, "amc/table3\nsuite/speed\n"),
        (True, None, "suite/speed\n"),
        (False, "results", "amc/table3\n"),
        (True, "results", ""),
    ],
)
def test_plain_ids_for_scripts(
    capsys: pytest.CaptureFixture[str], manifests: bool, kind: str | None, expected: str
) -> None:
    listing.list_tables(as_json=False, plain=True, manifests=manifests, kind=kind)
    assert capsys.readouterr().out == expected


@pytest.mark.usefixtures("checkout")
def test_tables_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    listing.list_tables(as_json=False, plain=False, manifests=False, kind=None)
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "printed", "manifest", "kind", "title"]
    assert first.split() == ["amc/table3", "yes", "no", "results", "Mortality"]
    assert second.split() == ["suite/speed", "no", "yes", "cost", "How", "fast"]


@pytest.mark.parametrize("kind", [one for one in listing.KINDS if one != "tables"])
def test_every_kind_lists_names_with_summaries(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.list_names(kind, as_json=True, plain=False)
    rows = json.loads(capsys.readouterr().out)
    assert rows
    assert all(row["name"] and row["summary"] for row in rows)
    listing.list_names(kind, as_json=False, plain=False)
    assert len(capsys.readouterr().out.splitlines()) == len(rows) + 1


def test_registries_are_complete(capsys: pytest.CaptureFixture[str]) -> None:
    for kind, registry in (("models", MODELS), ("datasets", DATASETS)):
        listing.list_names(kind, as_json=False, plain=True)
        assert capsys.readouterr().out.splitlines() == list(registry)
