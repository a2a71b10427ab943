from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.core import atomic
from benchmark.core.errors import StoreError


def test_written_whole_and_nothing_left_beside(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    atomic.write_text(path, "ä")
    assert path.read_bytes() == "ä".encode()
    assert list(path.parent.iterdir()) == [path]


def test_failure_inside_keeps_the_old_file_and_cleans(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic.write_bytes(path, b"old")

    def write_half() -> None:
        with atomic.replacing(path) as temp:
            temp.write_bytes(b"half")
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "permission denied"),
    ],
)
def test_os_errors_name_path_space_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    path = tmp_path / "file"
    atomic.write_bytes(path, b"old")

    def fail(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match=words) as caught:
        atomic.write_bytes(path, b"new")
    assert str(path) in str(caught.value)
    assert "MB free" in caught.value.message
    assert "--cache" in caught.value.hint
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        atomic.write_bytes(tmp_path / "cache" / "file", b"")


def test_temp_of_a_dead_writer_is_stale_and_ours_is_not(tmp_path: Path) -> None:
    code = (
        "import os,sys; from pathlib import Path; from benchmark.core.atomic import replacing\n"
        "with replacing(Path(sys.argv[1])) as temp: temp.write_text(''); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "file")], check=True)
    [left] = tmp_path.iterdir()
    assert atomic.is_temp(left.name)
    assert atomic.is_stale_temp(left)
    with atomic.replacing(tmp_path / "other") as temp:
        temp.write_text("")
        assert not atomic.is_stale_temp(temp)


def test_temp_of_another_host_is_stale_after_a_day(tmp_path: Path) -> None:
    path = tmp_path / f"{atomic.TEMP_PREFIX}1~elsewhere~abc"
    path.write_text("")
    assert not atomic.is_stale_temp(path)
    os.utime(path, (0, 0))
    assert atomic.is_stale_temp(path)
