from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.execution.memory import oom_kills


@pytest.mark.parametrize(
    ("group", "file", "text"),
    [
        ("0::/user/app\n", "user/app/memory.events", "low 0\noom 4\noom_kill 3\n"),
        ("0::/hidden\n", "memory.events", "oom_kill 3\n"),
        ("3:cpu:/x\n4:memory:/job\n0::/\n", "memory/job/memory.oom_control", "oom_kill 3\n"),
        ("4:memory:/hidden\n", "memory/memory.oom_control", "under_oom 0\noom_kill 3\n"),
    ],
)
def test_counts_of_both_versions(tmp_path: Path, group: str, file: str, text: str) -> None:
    own = tmp_path / "own"
    own.write_text(group)
    path = tmp_path / "root" / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert oom_kills(tmp_path / "root", own) == 3


def test_unknown(tmp_path: Path) -> None:
    assert oom_kills(tmp_path, tmp_path / "own") == 0
