"""``mmbench data status``: which releases are here. Probes only, reads no samples."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from benchmark.cli._console import emit, emit_columns, emit_json
from benchmark.core.errors import MMBenchError
from benchmark.core.paths import Paths


@dataclass(frozen=True)
class DatasetState:
    """What a probe of one dataset found.

    Attributes:
        dataset: Registry name.
        available: A loader would read something.
        release: Official name of the release; empty if there is none.
        version: Its version.
        source: ``real``, ``partial`` or ``synthetic``.
        cohort: Rows taken, in words.
        terms: Licence or terms of use.
        looked_in: Folder searched; empty where none is configured.
        remedy: Why it is not available and what to do; empty otherwise.
    """

    dataset: str
    available: bool
    release: str = ""
    version: str = ""
    source: str = ""
    cohort: str = ""
    terms: str = ""
    looked_in: str = ""
    remedy: str = ""


def data_status(paths: Paths, as_json: bool) -> None:
    """Print the state of every registered dataset."""
    states = dataset_states(paths)
    if as_json:
        emit_json([asdict(state) for state in states])
        return
    emit_columns(
        ("dataset", "available", "source", "version", "looked in", "release"),
        [
            (
                state.dataset,
                "yes" if state.available else "no",
                state.source or "–",
                state.version or "–",
                state.looked_in or "–",
                _describe(state),
            )
            for state in states
        ],
    )
    for state in states:
        if state.remedy:
            emit(f"{state.dataset}: {state.remedy}")


def dataset_states(paths: Paths) -> list[DatasetState]:
    """Probe every registered dataset with its default options."""
    from benchmark.datasets import DATASETS

    return [_probe(name, paths) for name in DATASETS]


def _probe(name: str, paths: Paths) -> DatasetState:
    from benchmark.datasets import DATASETS
    from benchmark.datasets._base import DataContext

    folder = str(paths.releases.get(name) or paths.data or "")
    try:
        release = DATASETS.load(name).probe(DATASETS.config(name)(), DataContext(paths))
    except (MMBenchError, ImportError) as error:
        return DatasetState(name, False, looked_in=folder, remedy=str(error))
    return DatasetState(
        name,
        True,
        release=release.id,
        version=release.version,
        source=release.source,
        cohort=release.cohort,
        terms=release.terms,
        looked_in=folder,
    )


def _describe(state: DatasetState) -> str:
    parts = [state.release, f"({state.cohort})" if state.cohort else "", state.terms]
    return " ".join(part for part in parts if part) or "–"
