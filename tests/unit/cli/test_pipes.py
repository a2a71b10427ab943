"""A reader that leaves early, or a closed stream, neither stops the work nor is a crash."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO, Any

import pytest

#: Writes more than a pipe holds, then says how it ends.
DATA = """
from benchmark.cli import _console
for _ in range(3):
    _console.emit("x" * 100_000)
_console.say("went on")
"""
REMARKS = """
from benchmark.cli import _console
from benchmark.cli._progress import make_progress
_console.say("y")
_console.warn("z")
progress = make_progress(_console.stderr(), quiet=False)
for _ in range(3):
    progress.note("y" * 100_000)
_console.emit("went on")
"""


def left_alone(code: str, stream: str) -> tuple[int, str]:
    """Run code with a pipe that nobody reads; return the exit code and the other stream's text."""
    reading, writing = os.pipe()
    os.close(reading)
    streams: dict[str, int | IO[Any]] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    streams[stream] = writing
    try:
        done = subprocess.run([sys.executable, "-c", code], text=True, check=False, **streams)  # type: ignore[call-overload]
    finally:
        os.close(writing)
    return done.returncode, done.stderr if stream == "stdout" else done.stdout


@pytest.mark.parametrize(("code", "stream"), [(DATA, "stdout"), (REMARKS, "stderr")])
def test_a_reader_that_leaves_is_no_error(code: str, stream: str) -> None:
    assert left_alone(code, stream) == (0, "went on\n")


@pytest.mark.parametrize("words", ["list --plain", "nonsense"])
@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_closed_stream_is_no_crash(words: str, closed: str) -> None:
    program = f'"{sys.executable}" -c "from benchmark.cli.app import main; main()"'
    done = subprocess.run(
        ["sh", "-c", f"{program} {words} {closed}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == (0 if words == "list --plain" else 2), done.stderr
    assert "crashed" not in done.stderr
