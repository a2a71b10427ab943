"""Official splits given as lists of subjects: ``{"training": [...], "validation": [...], ...}``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import DataError

_PARTS = {"training": "train", "validation": "val", "testing": "test"}


def read_part_lists(path: Path) -> dict[str, str]:
    """Return ``train``, ``val`` or ``test`` by subject.

    Raises:
        DataError: It is no JSON of that form, or a subject is listed twice.
    """
    try:
        lists = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as JSON: {error}", "fetch it again") from error
    lacking = [key for key in _PARTS if not (isinstance(lists, dict) and key in lists)]
    if lacking:
        raise DataError(
            f"{path} has no list {lacking[0]!r}", f"it needs the lists {', '.join(_PARTS)}"
        )
    parts: dict[str, str] = {}
    for key, part in _PARTS.items():
        for subject in map(str, lists[key]):
            if subject in parts:
                raise DataError(
                    f"{path}: subject {subject!r} is listed twice, in {parts[subject]} and {part}",
                    "a subject belongs to one part",
                )
            parts[subject] = part
    return parts


def parts_of(subjects: Iterable[str], parts: dict[str, str]) -> NDArray[np.str_]:
    """Return the part of every subject; ``none`` for one that is in no list."""
    return np.array([parts.get(subject, "none") for subject in subjects], dtype=str)
