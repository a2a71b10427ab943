"""``mmbench data status``: which releases are here. Probes only, reads no samples.

Of datasets that are named it also tells whether they are prepared, and their attrition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from benchmark.cli._console import emit, emit_columns, emit_json
from benchmark.cli._loader import loader_config
from benchmark.core.errors import MMBenchError
from benchmark.core.paths import Paths

if TYPE_CHECKING:
    from benchmark.datasets._base import AttritionStep, DataContext


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
        prepared: Runs can read it without work before; None where nobody looked.
        otherwise: Prepared forms in the cache that are of other options or data.
        attrition: Steps from all records to the samples taken, where they are known.
        real: Why the real release is not read instead of a generated one, and what to do; None
            where nobody looked.
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
    prepared: bool | None = None
    otherwise: int = 0
    attrition: tuple[AttritionStep, ...] = ()
    real: str | None = None


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
    from benchmark.datasets._base import DataContext

    return [_probe(name, DATASETS.config(name)(), DataContext(paths)) for name in DATASETS]


def named_status(
    names: Sequence[str],
    paths: Paths,
    source: Literal["auto", "real", "partial", "synthetic"],
    settings: Mapping[str, str],
    as_json: bool,
) -> None:
    """Print release, preparation and attrition of some datasets.

    Args:
        names: Registry names.
        paths: Folders.
        source: Which data a loader may use.
        settings: Options of the loaders, value text by name.
        as_json: Print JSON instead of lines.
    """
    configs = {name: loader_config(name, settings) for name in names}
    states = [look_at(name, config, paths, source) for name, config in configs.items()]
    if as_json:
        emit_json([asdict(state) for state in states])
        return
    for state in states:
        for line in _lines(state):
            emit(line)


def look_at(
    name: str, config: Any, paths: Paths, source: Literal["auto", "real", "partial", "synthetic"]
) -> DatasetState:
    """Return the state of one dataset under its options, attrition included."""
    from benchmark.datasets import DATASETS
    from benchmark.datasets._base import DataContext

    context = DataContext(paths, source)
    state = _probe(name, config, context)
    if not state.available:
        return state
    loader = DATASETS.load(name)
    return replace(
        state,
        prepared=(prepared := loader.is_prepared(config, context)),
        otherwise=_forms(name, paths) - prepared,
        attrition=loader.attrition(config, context),
        real=_why_not_real(name, config, context) if state.source == "synthetic" else None,
    )


def _forms(name: str, paths: Paths) -> int:
    """Return how often a dataset is prepared in the cache, under whatever options."""
    return len(list((paths.cache / "data" / "prepared").glob(f"{name}-{'[0-9a-f]' * 16}")))


def _why_not_real(name: str, config: Any, context: DataContext) -> str | None:
    """Return what a loader says that has to read the real release; None if that is all it has."""
    from benchmark.datasets.synthetic import GENERATORS

    if name not in GENERATORS:
        return None
    return _probe(name, config, replace(context, source="real")).remedy or None


def attrition_lines(state: DatasetState) -> Iterator[str]:
    """Yield a line per step: records left, records dropped, and why."""
    width = max((len(step.name) for step in state.attrition), default=0)
    for step in state.attrition:
        why = f"  -{step.dropped:,} {step.why}".rstrip() if step.dropped else f"  {step.why}"
        yield f"{step.name:{width}}  {step.kept:>9,}{why}".rstrip()


def _lines(state: DatasetState) -> Iterator[str]:
    if not state.available:
        yield f"{state.dataset}: not available"
        yield from (f"  {line}" for line in state.remedy.splitlines())
        return
    yield f"{state.dataset}: {state.release}"
    yield f"  source    {state.source}"
    for k, line in enumerate((state.real or "").splitlines()):
        yield f"  {'' if k else 'real':9} {line}"
    yield f"  version   {state.version}"
    yield f"  cohort    {state.cohort}"
    yield f"  terms     {state.terms or '–'}"
    yield f"  prepared  {_prepared(state)}"
    if state.attrition:
        yield "  attrition"
        yield from (f"    {line}" for line in attrition_lines(state))


def _prepared(state: DatasetState) -> str:
    if state.prepared:
        return "yes"
    todo = f"mmbench data prepare {state.dataset} does it, or the first run"
    if state.otherwise < 1:
        return f"no; {todo}"
    # The runs of a table may ask for other options than the loader's own, an image size above all.
    return f"not with these options, but with others ({state.otherwise} in the cache); {todo}"


def _probe(name: str, config: Any, context: DataContext) -> DatasetState:
    from benchmark.datasets import DATASETS

    folder = str(context.paths.releases.get(name) or context.paths.data or "")
    try:
        release = DATASETS.load(name).probe(config, context)
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
