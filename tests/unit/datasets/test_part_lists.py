from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmark.core.errors import DataError
from benchmark.datasets._part_lists import parts_of, read_part_lists


def _file(tmp_path: Path, value: Any) -> Path:
    (tmp_path / "split.json").write_text(json.dumps(value))
    return tmp_path / "split.json"


def test_subjects_may_be_numbers_or_texts(tmp_path: Path) -> None:
    path = _file(tmp_path, {"training": [3, "a"], "validation": [1], "testing": ["2"]})
    parts = read_part_lists(path)
    assert parts_of(["1", "2", "3", "4", "a"], parts).tolist() == [
        "val", "test", "train", "none", "train",
    ]  # fmt: skip


def test_a_subject_in_two_lists(tmp_path: Path) -> None:
    path = _file(tmp_path, {"training": [3], "validation": [1], "testing": [1]})
    with pytest.raises(DataError, match=r"split\.json: subject '1' is listed twice, in val and t"):
        read_part_lists(path)


@pytest.mark.parametrize("value", [{"training": [], "testing": []}, [1, 2]])
def test_a_missing_list(tmp_path: Path, value: Any) -> None:
    with pytest.raises(DataError, match=r"split\.json has no list '(validation|training)'"):
        read_part_lists(_file(tmp_path, value))


def test_no_json(tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text("{")
    with pytest.raises(DataError, match=r"split\.json cannot be read as JSON"):
        read_part_lists(tmp_path / "split.json")
