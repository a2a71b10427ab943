"""A lock on a file."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from benchmark.core import locks
from benchmark.core.errors import StoreError
from benchmark.core.locks import exclusive, is_held

#: What a file system without locks says.
NO_LOCKS = (
    "import errno, fcntl, os\n"
    "def flock(*_): raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))\n"
    "fcntl.flock = flock\n"
)
HOLDER = (
    "import sys, time; from pathlib import Path; from benchmark.core.locks import exclusive\n"
    "with exclusive(Path(sys.argv[1])):\n"
    "    print('held', flush=True); time.sleep(60)\n"
)


@pytest.fixture(params=["flock", "lease"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With and without locks of the file system."""
    if request.param == "lease":

        def no_locks(*_: object) -> None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

        monkeypatch.setattr(fcntl, "flock", no_locks)
        monkeypatch.setattr(locks, "_PAUSE", 0.01)
    return str(request.param)


@pytest.mark.usefixtures("kind")
def test_held_while_inside_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lock"
    assert not is_held(path)
    with exclusive(path):
        assert is_held(path)
    assert not is_held(path)
    assert path.is_file()


@pytest.mark.usefixtures("kind")
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


def test_a_killed_holder_blocks_nobody(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    code = HOLDER if kind == "flock" else NO_LOCKS + HOLDER
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
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
