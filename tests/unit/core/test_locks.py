"""A lock on a file."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from benchmark.core.errors import StoreError
from benchmark.core.locks import exclusive, is_held

HOLDER = (
    "import sys, time; from pathlib import Path; from benchmark.core.locks import exclusive\n"
    "with exclusive(Path(sys.argv[1])):\n"
    "    print('held', flush=True); time.sleep(60)\n"
)


def test_held_while_inside_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lock"
    assert not is_held(path)
    with exclusive(path):
        assert is_held(path)
    assert not is_held(path)
    assert path.is_file()


def test_the_second_waits_and_is_told_so(tmp_path: Path) -> None:
    path, order = tmp_path / "lock", []
    waits = threading.Event()

    def second() -> None:
        with exclusive(path, waits.set):
            order.append("second")

    with exclusive(path):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_a_killed_holder_blocks_nobody(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    assert is_held(path)
    process.kill()
    process.wait()
    process.stdout.close()
    with exclusive(path):
        assert is_held(path)


def test_a_lock_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot write"), exclusive(tmp_path / "file" / "lock"):
        raise AssertionError("not reached")
