from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from benchmark.core.errors import StoreError
from benchmark.execution.capture import captured, last_lines, trim


def test_everything_goes_to_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "logs" / "a.log"
    for title in ("first", "second"):
        with captured(log, title):
            os.write(1, b"from C\n")
            subprocess.run(["sh", "-c", "echo from a child >&2"], check=True)
    os.write(1, b"outside\n")
    part = "from C\nfrom a child\n"
    assert log.read_text() == f"=== first\n{part}=== second\n{part}"
    assert capfd.readouterr().out == "outside\n"


def test_trim_keeps_the_end_and_writers_go_on(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old\n" + b"x" * 2_000_000)
        trim(log, limit=1_500_000)
        writer.write(b"new\n")
    text = log.read_bytes()
    assert text.startswith(b"[1000004 bytes of log cut]\n")
    assert text.endswith(b"xnew\n")
    assert len(text) < 1_100_000
    assert b"old" not in text


def test_short_log_stays(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("short")
    trim(log)
    trim(tmp_path / "missing")
    assert log.read_text() == "short"


def test_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("\n".join(str(number) for number in range(1000)))
    assert last_lines(log, 2) == "998\n999"
    assert last_lines(tmp_path / "missing") == ""


def test_log_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")

    def capture() -> None:
        with captured(tmp_path / "logs" / "a.log", "title"):
            raise AssertionError("must not get here")

    with pytest.raises(StoreError, match="cannot write"):
        capture()
