"""Which words count as tables that an option has swallowed; with the shipped tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.cli._options import _names_a_table


@pytest.mark.parametrize("word", ["m4oe/table7", "table7", "Table_7", "t7", "table8"])
def test_tables(word: str) -> None:
    assert _names_a_table(word), "table8 is ambiguous and a table all the same"


@pytest.mark.parametrize("word", ["wdbc", "early_fusion", "0-4", "m4oe/table99", "a=table7", "*"])
def test_other_words(word: str) -> None:
    assert not _names_a_table(word)


def test_a_folder_called_like_a_table_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "table7").mkdir()
    monkeypatch.chdir(tmp_path)
    assert not _names_a_table("table7")
