"""``mmbench check``: the contract of a model, dataset, metric ..., and in words what breaks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.cli._console import emit, emit_json
from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.plugins import Registration
from benchmark.plugins.loading import REGISTRIES, load_plugins, offered_by

if TYPE_CHECKING:
    from benchmark.checks._base import Verdict
    from benchmark.core.paths import Paths

_WIDTH = len("not checked")


@dataclass(frozen=True)
class Checked:
    """A thing and how its checks went."""

    kind: str
    name: str
    origin: str
    verdicts: tuple[Verdict, ...]

    @property
    def holds(self) -> bool:
        """True if no check failed."""
        return all(one.status != "failed" for one in self.verdicts)


def know_files(subjects: Sequence[str]) -> None:
    """Load the plug-ins among the subjects, so that ``--data`` may name their datasets.

    What is wrong with one is said when it is checked.
    """
    load_plugins(subject for subject in subjects if subject.endswith(".py"))


def check_all(
    subjects: Sequence[str], settings: Mapping[str, str], paths: Paths, as_json: bool
) -> bool:
    """Check what plug-in files offer, or what is registered under names.

    Args:
        subjects: Paths of Python files, or registered names.
        settings: Config settings as texts, for things that need some.
        paths: Where datasets look for their releases.
        as_json: Print JSON instead of lines.

    Returns:
        Whether everything holds.

    Raises:
        UnknownNameError: A name that is registered nowhere.
        UsageError: A file that cannot be used as a plug-in.
    """
    from benchmark.manifest.overrides import parse_value

    values = {name: parse_value(text, name) for name, text in settings.items()}
    things = [one for subject in subjects for one in _find(subject)]
    done = []
    for thing in things:
        checked = Checked(
            thing.kind,
            thing.name,
            thing.entry.origin,
            tuple(_verdicts(thing, values, paths)),
        )
        done.append(checked)
        if not as_json:
            _print(checked)
    if as_json:
        emit_json([{**asdict(one), "holds": one.holds} for one in done])
    return all(one.holds for one in done)


def _find(subject: str) -> list[Registration]:
    path = Path(subject).expanduser()
    if subject.endswith(".py"):
        return _offered(path.resolve())
    if subject.endswith((".yaml", ".yml")):
        raise UsageError(f"{subject} is a table", f"mmbench validate {subject} checks it")
    if path.is_dir() or len(path.parts) > 1:
        raise UsageError(
            f"{subject} is no Python file", "name a file that ends in .py, or a registered name"
        )
    found = [
        Registration(kind, subject, registry.entry(subject))
        for kind, registry in REGISTRIES.items()
        if subject in registry
    ]
    if not found:
        known = [name for registry in REGISTRIES.values() for name in registry]
        raise UnknownNameError(" or ".join(REGISTRIES), subject, known)
    return found


def _offered(path: Path) -> list[Registration]:
    problems = [one for one in load_plugins([path]) if str(path) in one]
    if problems:
        raise UsageError("\n".join(problems), "mend the file and check it again")
    return offered_by(path)


def _verdicts(thing: Registration, settings: dict[str, Any], paths: Paths) -> Iterator[Verdict]:
    from benchmark.checks._base import run_checks

    if thing.entry.family == "control":
        from benchmark.checks import controls

        yield from run_checks(controls.ControlSubject(thing.name, settings), controls.CHECKS)
    elif thing.kind == "model":
        from benchmark.checks import models

        yield from run_checks(models.ModelSubject(thing.name, settings), models.CHECKS)
    elif thing.kind == "dataset":
        from benchmark.checks import datasets

        subject = datasets.DatasetSubject(thing.name, paths, settings)
        yield from run_checks(subject, datasets.CHECKS)
    elif thing.kind == "encoder":
        from benchmark.checks import encoders

        yield from run_checks(encoders.EncoderSubject(thing.name, settings), encoders.CHECKS)
    elif thing.kind == "loss":
        from benchmark.checks import losses

        yield from run_checks(losses.LossSubject(thing.name, settings), losses.CHECKS)
    else:
        from benchmark.checks import metrics

        yield from run_checks(metrics.MetricSubject(thing.name), metrics.CHECKS)


def _print(checked: Checked) -> None:
    emit(f"{checked.kind} {checked.name}" + (f" ({checked.origin})" if checked.origin else ""))
    indent = " " * (_WIDTH + 4)
    for one in checked.verdicts:
        status = one.status.upper() if one.status == "failed" else one.status
        emit(f"  {status.ljust(_WIDTH)}  {one.check}")
        for line in one.text.splitlines():
            emit(f"{indent}{line}")
        if one.remedy:
            emit(f"{indent}→ {one.remedy}")
    emit(_summary(checked.verdicts))


def _summary(verdicts: Sequence[Verdict]) -> str:
    counts = dict.fromkeys(("ok", "failed", "not checked"), 0)
    for one in verdicts:
        counts[one.status] += 1
    parts = [f"{count} {status}" for status, count in counts.items() if count]
    return ", ".join(parts)
