"""``mmbench data prepare``: bring releases into the form that runs read, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from benchmark.cli._console import emit
from benchmark.cli._loader import loader_config
from benchmark.cli._options import assignments
from benchmark.cli._preparing import Source, config_of, cores, needed, prepare
from benchmark.cli._work import Asked, expansions
from benchmark.cli.data import attrition_lines, look_at
from benchmark.core.errors import DataNotAvailable, UnknownNameError, UsageError
from benchmark.core.paths import Paths


def prepare_named(asked: Asked, jobs: int | None, skip_broken: bool) -> None:
    """Prepare datasets, and what the runs of tables read.

    Args:
        asked: Names of datasets and tables as ``tables``, and how to read them.
        jobs: Processes; None takes all cores.
        skip_broken: Leave out samples whose files cannot be read, and count them.

    Raises:
        UnknownNameError: A name that is neither.
        DataNotAvailable: A release is not here; what is here is prepared first.
        DataError: Something of it cannot be read; names it. What is done is kept.
        UsageError: Options that a loader does not have.
    """
    from benchmark.datasets import DATASETS

    datasets = [name for name in asked.tables if name in DATASETS]
    tables = [name for name in asked.tables if name not in DATASETS]
    for name in tables:
        _check_table(name)
    if datasets:
        settings = assignments(asked.overrides)
        prepare_datasets(datasets, asked.paths(), asked.source, jobs, skip_broken, settings)
    if tables:
        skip = ("datasets.*.broken=skip",) if skip_broken else ()
        _prepare_tables(replace(asked, tables=tables, overrides=(*asked.overrides, *skip)), jobs)


def _check_table(name: str) -> None:
    from benchmark.datasets import DATASETS
    from benchmark.manifest.tables import all_tables, resolve_table

    try:
        resolve_table(name)
    except UnknownNameError as error:
        known = [*DATASETS, *(table.id for table in all_tables() if table.manifest)]
        raise UnknownNameError("dataset or table", name, known) from error


def _prepare_tables(asked: Asked, jobs: int | None) -> None:
    found = expansions(asked)
    runs = [run for table in found for run in table.runs]
    for loader, source in needed(runs, asked.source):
        _prepare(loader.name, config_of(loader), asked.paths(), source, jobs)
    for table in found:
        for one in table.unavailable:
            raise DataNotAvailable(f"{table.manifest.id}: {one.reason}", one.hint)


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
        _prepare(name, config, paths, source, jobs)


def _prepare(name: str, config: Any, paths: Paths, source: Source, jobs: int | None) -> None:
    worked = prepare(name, config, paths, source, jobs or cores())
    state = look_at(name, config, paths, source)
    emit(f"{name}: {'prepared' if worked else 'was prepared'}, {state.source}: {state.release}")
    for line in attrition_lines(state):
        emit(f"  {line}")
