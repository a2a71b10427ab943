"""Names of tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.core.errors import ManifestError, UnknownNameError, UsageError
from benchmark.manifest import tables
from benchmark.manifest.tables import all_tables, resolve_table


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two papers and a suite instead of what is shipped."""
    printed = ("m4oe/table7", "m4oe/table8", "m4oe/table10", "amc/table8", "amc/table9")
    manifests = {
        "suite/quickstart": "results",
        "m4oe/table7": "results",
        "m4oe/table9": "results",
        "amc/table9": "cost",
        "amc/table12": "analysis",
    }
    for name in printed:
        _write(tmp_path / "tables" / f"{name}.yaml", f"id: {name}\ntitle: 'It''s {name}'\n")
    for name, kind in manifests.items():
        text = f"id: {name}\nkind: {kind}  # comment\ntitle: Run {name}\nrows:\n  kind: no\n"
        _write(tmp_path / "manifests" / f"{name}.yaml", text)
    _write(tmp_path / "tables" / "rendered" / "x.yaml", "id: rendered/x\n")
    monkeypatch.setattr(tables, "shipped", lambda name: tmp_path / name)
    return tmp_path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_every_table_once_in_natural_order() -> None:
    assert [table.id for table in all_tables()] == [
        "amc/table8",
        "amc/table9",
        "amc/table12",
        "m4oe/table7",
        "m4oe/table8",
        "m4oe/table9",
        "m4oe/table10",
        "suite/quickstart",
    ]


def test_entries_say_what_there_is() -> None:
    found = {table.id: table for table in all_tables()}
    assert found["m4oe/table7"].title == "Run m4oe/table7"
    assert found["m4oe/table7"].manifest
    assert found["m4oe/table7"].printed
    assert found["m4oe/table10"].title == "It's m4oe/table10"
    assert found["m4oe/table10"].manifest is None
    assert found["m4oe/table10"].kind == "results"
    assert found["amc/table12"].kind == "analysis"
    assert found["amc/table12"].printed is None


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("table7", "m4oe/table7"),
        ("Table7", "m4oe/table7"),
        ("table_7", "m4oe/table7"),
        ("t7", "m4oe/table7"),
        ("T10", "m4oe/table10"),
        ("M4OE/Table7", "m4oe/table7"),
        ("amc/t8", "amc/table8"),
        ("quickstart", "suite/quickstart"),
        ("table9", "m4oe/table9"),  # amc/table9 is a cost table
        ("table12", "amc/table12"),  # nobody else has one
    ],
)
def test_names_resolve(name: str, table: str) -> None:
    assert resolve_table(name).id == table


def test_ambiguous_names_list_the_candidates() -> None:
    with pytest.raises(UsageError) as caught:
        resolve_table("table8")
    assert caught.value.message == "'table8' is ambiguous"
    assert caught.value.hint == "name one of amc/table8, m4oe/table8"
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("quikstart", "did you mean 'quickstart'"),
        ("m4oe/table77", "did you mean 'm4oe/table7'"),
        ("table", "did you mean 'table9' or 'table8' or 'table7'"),
        ("xyz", "known: amc/table12, "),
    ],
)
def test_unknown_names_get_suggestions(name: str, hint: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        resolve_table(name)
    assert caught.value.message == f"unknown table {name!r}"
    assert caught.value.hint.startswith(hint)


def test_a_path_is_a_table(tmp_path: Path) -> None:
    _write(tmp_path / "mine.yaml", 'title: "My \\"own\\""\nid: me/first\nkind: analysis\n')
    table = resolve_table(str(tmp_path / "mine.yaml"))
    assert (table.id, table.title, table.kind) == ("me/first", 'My "own"', "analysis")
    assert table.manifest == tmp_path / "mine.yaml"
    assert table.printed is None
    with pytest.raises(ManifestError, match=r"gone\.yaml:1: there is no such file"):
        resolve_table(str(tmp_path / "gone.yaml"))


def test_extra_folders_come_on_top(tmp_path: Path) -> None:
    extra = tmp_path / "extra"
    _write(extra / "lab" / "ours.yaml", "id: lab/ours\ntitle: Ours\n")
    assert resolve_table("ours", [extra]).manifest == extra / "lab" / "ours.yaml"


def test_looking_for_tables_imports_nothing_heavy() -> None:
    code = (
        "import sys; from benchmark.manifest.tables import all_tables; all_tables();"
        "print([m for m in ('torch', 'pandas', 'sklearn', 'yaml', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
