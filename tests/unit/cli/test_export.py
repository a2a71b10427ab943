"""Exports go to stdout, a file or a folder; a path that cannot be written says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.cli.export import write_export
from benchmark.core.errors import StoreError, UnknownNameError
from benchmark.render.formats import FORMATS, SUFFIXES, render
from benchmark.render.table import Column, Measured, Row, Table

TABLE = Table(
    id="suite/quickstart",
    title="Two models",
    columns=(Column("acc", "accuracy"),),
    rows=(Row("a", "A", {"acc": Measured(0.5, 0.1, 5, 5)}),),
)


@pytest.mark.parametrize("fmt", FORMATS)
def test_stdout_is_the_rendered_table(fmt: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_export(TABLE, fmt, None)
    assert capsys.readouterr().out == render(TABLE, fmt)


def test_a_file_is_written_as_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "not" / "yet" / "mine.tex"
    write_export(TABLE, "latex", path)
    assert path.read_text(encoding="utf-8") == render(TABLE, "latex")
    assert capsys.readouterr().out == ""
    assert [one.name for one in path.parent.iterdir()] == [
        "mine.tex"
    ]  # no temporary file stays behind


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("output", ["there", "new", "new.d/"])
def test_in_a_folder_files_have_the_name_of_the_table(
    fmt: str, output: str, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    write_export(TABLE, fmt, f"{tmp_path}/{output}")
    path = tmp_path / output / f"suite-quickstart{SUFFIXES[fmt]}"
    assert path.read_text(encoding="utf-8") == render(TABLE, fmt)


def test_an_existing_file_without_an_extension_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "TABLE").write_text("old")
    write_export(TABLE, "csv", tmp_path / "TABLE")
    assert (tmp_path / "TABLE").read_text(encoding="utf-8") == render(TABLE, "csv")


def test_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "table.tex"
    with pytest.raises(
        StoreError, match=r"cannot write .*file.*table\.tex: .*\n.*--output"
    ) as info:
        write_export(TABLE, "latex", path)
    assert "--cache" not in str(info.value)
    assert (tmp_path / "file").read_text() == "in the way"


def test_an_unknown_format_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown format 'latxe'\ndid you mean 'latex'"):
        write_export(TABLE, "latxe", tmp_path / "x.tex")
    assert not list(tmp_path.iterdir())
