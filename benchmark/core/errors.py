"""Errors a user can act on, and how an exception becomes the status of a run."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

EXIT_OK = 0
EXIT_CRASH = 1
EXIT_USAGE = 2
EXIT_RUNS_FAILED = 3
EXIT_MANIFEST = 4
EXIT_DIFFERS = 5
EXIT_INTERRUPTED = 130


class MMBenchError(Exception):
    """An error whose text names the thing and the remedy.

    Args:
        message: What is wrong, with the value that is wrong.
        hint: What to do about it; printed on a line of its own.
    """

    exit_code = EXIT_CRASH

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message if not hint else f"{message}\n{hint}")
        self.message = message
        self.hint = hint


class UsageError(MMBenchError):
    """The command line asks for something that does not exist or does not fit."""

    exit_code = EXIT_USAGE


class UnknownNameError(UsageError):
    """A name that no registry, table or option list has."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        choices = sorted(known)
        super().__init__(f"unknown {kind} {name!r}", suggestion(name, choices))
        self.kind, self.name, self.known = kind, name, tuple(choices)


class ManifestError(MMBenchError):
    """A manifest or printed table that does not hold; carries every problem found."""

    exit_code = EXIT_MANIFEST

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class DataError(MMBenchError):
    """A dataset that is missing, unreadable or not what its documentation says."""


class DataNotAvailable(DataError):
    """The release is not on this machine; the hint says where to put it."""


class SplitError(DataError):
    """A split that would leak or cannot be scored."""


class StoreError(MMBenchError):
    """The cache cannot be read or written; nothing already stored is touched."""


class DivergedError(MMBenchError):
    """Training produced a loss or an output that is not finite."""


def suggestion(name: str, choices: Iterable[str], limit: int = 3) -> str:
    """Return "did you mean ...?" for near misses, else the list of choices.

    Args:
        name: What was asked for.
        choices: What there is.
        limit: How many near misses to show at most.
    """
    pool = list(choices)
    near = difflib.get_close_matches(name, pool, n=limit, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(repr(one) for one in near) + "?"
    if not pool:
        return "there are none"
    shown = ", ".join(pool[:20])
    return f"known: {shown}" + (f" and {len(pool) - 20} more" if len(pool) > 20 else "")


def status_of(error: BaseException) -> str:
    """Map an exception to a run status: ``oom``, ``diverged`` or ``error``.

    Out-of-memory is told by type name and text, so that torch need not be imported.
    """
    if isinstance(error, DivergedError):
        return "diverged"
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "oom"
    text = str(error)
    if isinstance(error, RuntimeError) and (
        "not enough memory" in text or "can't allocate memory" in text or "out of memory" in text
    ):
        return "oom"
    return "error"
