"""Where text goes: data to stdout, everything else to stderr; rich is imported when first used."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.core.errors import MMBenchError

#: -1 with ``--quiet``, 1 with ``--verbose``.
_verbosity = 0


def set_verbosity(level: int) -> None:
    """Set how much goes to stderr: -1 errors only, 0 normal, 1 details and tracebacks."""
    global _verbosity
    _verbosity = level


def quiet() -> bool:
    """Tell whether ``--quiet`` was given."""
    return _verbosity < 0


def verbose() -> bool:
    """Tell whether ``--verbose`` was given or ``MMBENCH_DEBUG=1`` is set."""
    return _verbosity > 0 or os.environ.get("MMBENCH_DEBUG", "") not in ("", "0")


def stdout() -> Console:
    """Return a console for data: no colour, no wrapping surprises where it is not a terminal."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def stderr() -> Console:
    """Return a console for progress and remarks; work goes on if their reader leaves."""
    from rich.console import Console

    class Remarks(Console):
        def on_broken_pipe(self) -> None:
            # rich would end the program here, and take stdout away as well.
            mute(sys.stderr)

    return Remarks(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def emit(text: str) -> None:
    """Write a line of data to stdout."""
    _write(sys.stdout, text + "\n")


def emit_json(value: Any) -> None:
    """Write ``value`` to stdout as indented JSON; ValueError on NaN and infinity."""
    emit(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def emit_columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write aligned columns to stdout; the last one may be long and is never cut."""
    from tabulate import tabulate

    text = tabulate([list(row) for row in rows], list(head), "plain", disable_numparse=True)
    for line in text.splitlines():
        emit(line.rstrip())


def say(text: str) -> None:
    """Write a remark to stderr unless ``--quiet``."""
    if not quiet():
        _write(sys.stderr, text + "\n")


def warn(text: str) -> None:
    """Write a line to stderr that even ``--quiet`` must not hide."""
    _write(sys.stderr, text + "\n")


def complain(error: MMBenchError) -> None:
    """Write an error and its remedy to stderr."""
    warn(f"error: {error.message if error.hint else error}")
    for line in error.hint.splitlines():
        warn(f"  {line}")


def mute(stream: TextIO) -> None:
    """Send what else is written to a stream nowhere, because its reader is gone."""
    with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _write(stream: TextIO | None, text: str) -> None:
    """Write at once. A reader that has left, like ``head``, has all it wanted: no error."""
    if stream is None:  # closed by the shell: >&-
        return
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        mute(stream)
