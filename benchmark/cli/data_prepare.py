"""``mmbench data prepare``: bring releases into the form that runs read, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmark.cli._console import emit
from benchmark.cli._loader import loader_config
from benchmark.cli._preparing import Source, cores, prepare
from benchmark.cli.data import attrition_lines, look_at
from benchmark.core.errors import UsageError
from benchmark.core.paths import Paths


def prepare_datasets(
    names: Sequence[str],
    paths: Paths,
    source: Source,
    jobs: int | None,
    skip_broken: bool,
    settings: Mapping[str, str],
) -> None:
    """Prepare datasets and print what became of their records.

    Args:
        names: Registry names.
        paths: Folders.
        source: Which data a loader may use.
        jobs: Processes; None takes all cores.
        skip_broken: Leave out samples whose files cannot be read, and count them.
        settings: Options of the loaders, value text by name.

    Raises:
        DataNotAvailable: A release is not here.
        DataError: Something of it cannot be read; names it. What is done is kept.
        UsageError: Options that a loader does not have.
    """
    given = {**settings, "broken": "skip"} if skip_broken else settings
    if skip_broken and settings.get("broken", "skip") != "skip":
        raise UsageError("--skip-broken and --set broken=fail contradict each other")
    configs = {name: loader_config(name, given) for name in names}
    for name, config in configs.items():
        worked = prepare(name, config, paths, source, jobs or cores())
        state = look_at(name, config, paths, source)
        emit(f"{name}: {'prepared' if worked else 'was prepared'}, {state.source}: {state.release}")
        for line in attrition_lines(state):
            emit(f"  {line}")
