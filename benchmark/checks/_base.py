"""A check is a small function that says in words what is wrong."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, NoReturn, Protocol, TypeVar

_Subject = TypeVar("_Subject")
_OWN = str(Path(__file__).parent.parent)


class CheckFailure(AssertionError):
    """What does not hold, in words."""


class NotChecked(Exception):
    """Why a check cannot be made here."""


@dataclass(frozen=True)
class Check(Generic[_Subject]):
    """One thing that must hold.

    Attributes:
        name: What holds, in a few words.
        run: Raises CheckFailure if it does not, NotChecked if that cannot be told.
        remedy: How to mend it.
        gate: Whether the checks behind it make no sense where it fails.
    """

    name: str
    run: Callable[[_Subject], None]
    remedy: str
    gate: bool = False


@dataclass(frozen=True)
class Verdict:
    """How a check went.

    Attributes:
        check: Its name.
        status: ``ok``, ``failed`` or ``not checked``.
        text: What is wrong, or why it was not checked; empty where all is well.
        remedy: How to mend it; empty unless it failed.
    """

    check: str
    status: Literal["ok", "failed", "not checked"]
    text: str = ""
    remedy: str = ""


class Decorator(Protocol[_Subject]):
    """``@check(remedy)`` or ``@check(remedy, gate=True)``."""

    def __call__(
        self, remedy: str, gate: bool = False
    ) -> Callable[[Callable[[_Subject], None]], Callable[[_Subject], None]]: ...


def collector(checks: list[Check[_Subject]]) -> Decorator[_Subject]:
    """Return a decorator ``@check(remedy)`` that adds functions to ``checks``, named by theirs."""

    def check(
        remedy: str, gate: bool = False
    ) -> Callable[[Callable[[_Subject], None]], Callable[[_Subject], None]]:
        def add(function: Callable[[_Subject], None]) -> Callable[[_Subject], None]:
            checks.append(Check(function.__name__.replace("_", " "), function, remedy, gate))
            return function

        return add

    return check


def run_checks(subject: _Subject, checks: Sequence[Check[_Subject]]) -> Iterator[Verdict]:
    """Make every check; whatever a subject raises is a verdict."""
    shut = ""
    for check in checks:
        if shut:
            yield Verdict(check.name, "not checked", f"see above: {shut}")
            continue
        verdict = _verdict(subject, check)
        shut = check.name if check.gate and verdict.status == "failed" else ""
        yield verdict


def _verdict(subject: _Subject, check: Check[_Subject]) -> Verdict:
    try:
        check.run(subject)
    except CheckFailure as error:
        return Verdict(check.name, "failed", str(error), check.remedy)
    except NotChecked as error:
        return Verdict(check.name, "not checked", str(error))
    except Exception as error:
        return Verdict(check.name, "failed", describe(error), check.remedy)
    return Verdict(check.name, "ok")


def expect(condition: object, text: str) -> None:
    """Raise CheckFailure with ``text`` unless ``condition`` holds."""
    if not condition:
        fail(text)


def fail(text: str) -> NoReturn:
    """Raise CheckFailure."""
    raise CheckFailure(text)


def describe(error: BaseException) -> str:
    """Return type and text of an error, and the line of the user's own code it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if not frame.filename.startswith(_OWN)]
    named = [frame for frame in theirs if "site-packages" not in frame.filename]
    where = f" ({named[-1].filename}:{named[-1].lineno})" if named else ""
    return f"{type(error).__name__}: {error}{where}"
