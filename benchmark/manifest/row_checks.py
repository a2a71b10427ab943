"""What kind of row a row is, and whether what it says fits that kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmark.core.errors import MMBenchError
from benchmark.core.registry import Registry
from benchmark.manifest.described import describe, used_part
from benchmark.manifest.issues import Issue, parse, unknown
from benchmark.manifest.origins import Origin, find_origin
from benchmark.manifest.resolve import is_control
from benchmark.manifest.schema import Manifest, RowEntry
from benchmark.measures import ANALYSES, SCENARIOS
from benchmark.models import MODELS

#: Keys that say how a row is trained.
_TRAINING = ("model", "train", "modalities", "tasks", "settings", "by_dataset")
_LOOKING = ("of", "analysis", "scenario")


def check_row(manifest: Manifest, row: RowEntry) -> Iterator[Issue]:
    """Yield what is wrong with a row, by its path within the row."""
    if row.kind == "train":
        for key in _written(row, _LOOKING):
            text = f"{key!r} is for rows of kind evaluate or measure; this one is trained"
            yield Issue((key,), text)
    if row.trains:
        if not row.model:
            yield Issue(("model",), "is missing")
        elif row.model not in MODELS:
            text = unknown("model", row.model, MODELS)
            yield Issue(("model",), f"{text}; if a plug-in has it, add --plugin FILE")
        elif row.kind == "measure" and is_control(row):
            yield Issue(("model",), f"the control {row.model!r} has no cost worth measuring")
    else:
        yield from _looking(manifest, row)
    if row.kind != "train":
        yield from _done(manifest, row)


def _looking(manifest: Manifest, row: RowEntry) -> Iterator[Issue]:
    """Check a row that takes its models from others."""
    if not row.origins:
        yield Issue(("of",), "is missing: name the row whose trained models are evaluated")
    if row.kind == "measure" and len(row.origins) > 1:
        yield Issue(("of",), "a measurement is of one row")
    for key in _written(row, _TRAINING):
        yield Issue((key,), f"belongs to the row that 'of' names: remove {key!r}")
    for name in row.origins:
        try:
            origin = find_origin(manifest, name)
        except MMBenchError as error:
            text = " ".join(filter(None, (error.message, f"({error.hint})" if error.hint else "")))
            yield Issue(("of",), text)
        else:
            yield from _origin(manifest, row, origin, name)


def _origin(manifest: Manifest, row: RowEntry, origin: Origin, name: str) -> Iterator[Issue]:
    if is_control(origin.row):
        yield Issue(("of",), f"{name!r} is a control, which keeps no weights to look at")
    there = origin.manifest
    for dataset in manifest.row_datasets(row):
        if dataset not in there.row_datasets(origin.row):
            text = f"{name!r} has no dataset {dataset!r}; say in 'datasets' which this row has"
            yield Issue(("of",), text)
        elif _loader(manifest, dataset) != _loader(there, dataset):
            text = f"{name!r} means another loader by {dataset!r}: {_loader(there, dataset)!r}"
            yield Issue(("of",), text)
        else:
            yield from _changed(row, origin, dataset)


def _changed(row: RowEntry, origin: Origin, dataset: str) -> Iterator[Issue]:
    """Check that a scenario changes modalities that the models read."""
    config = _config("scenario", row.scenario, SCENARIOS)
    component = describe(origin.manifest, dataset)
    if config is None or component is None:
        return
    entry = origin.manifest.datasets[dataset]
    known = [one.name for one in used_part(component, dataset, entry, origin.row).modalities]
    for wanted in config.modalities():
        if wanted not in known:
            yield Issue(("scenario",), unknown("modality", wanted, known))


def _loader(manifest: Manifest, dataset: str) -> str:
    return manifest.datasets[dataset].loader or dataset


def _done(manifest: Manifest, row: RowEntry) -> Iterator[Issue]:
    """Check what is done with the models."""
    given = row.analysis
    if row.kind == "measure":
        given = {"name": "cost", **row.analysis}
    yield from _named("analysis", given, ANALYSES, row.kind)
    if row.kind == "measure" and row.scenario:
        yield Issue(("scenario",), "costs are measured on data as it is: remove 'scenario'")
    else:
        yield from _named("scenario", row.scenario, SCENARIOS, "")


def _named(part: str, given: Mapping[str, Any], registry: Registry, family: str) -> Iterator[Issue]:
    if not given:
        return
    name = given.get("name")
    if not isinstance(name, str) or name not in registry:
        text = unknown(part, str(name), [one for one in registry if _fits(registry, one, family)])
        yield Issue((part, "name") if "name" in given else (part,), text)
        return
    if not _fits(registry, name, family):
        text = f"{name!r} is for rows of kind {registry.entry(name).family}, not {family}"
        yield Issue((part, "name"), text)
    issues: list[Issue] = []
    _config(part, given, registry, issues)
    yield from issues


def _config(
    part: str, given: Mapping[str, Any], registry: Registry, issues: list[Issue] | None = None
) -> Any:
    """Return the settings of an analysis or scenario; None where they do not hold."""
    name = str(given.get("name"))
    if name not in registry:
        return None
    values = {key: value for key, value in given.items() if key != "name"}
    return parse(registry.config(name), values, [] if issues is None else issues, (part,))


def _fits(registry: Registry, name: str, family: str) -> bool:
    return registry.entry(name).family == family


def _written(row: RowEntry, keys: tuple[str, ...]) -> list[str]:
    return [key for key in keys if key in row.model_fields_set]
