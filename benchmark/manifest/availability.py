"""Which data there is for a table, and which profile that makes sense for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from benchmark.core.errors import DataNotAvailable, ManifestError, UnknownNameError, UsageError
from benchmark.core.problem import Component
from benchmark.core.result import Release
from benchmark.core.spec import Ref
from benchmark.datasets import DATASETS
from benchmark.manifest.described import loader_of, used_part
from benchmark.manifest.issues import Issue, parse
from benchmark.manifest.options import changed_options
from benchmark.manifest.resolve import merge, options_tree, plain
from benchmark.manifest.schema import Manifest
from benchmark.manifest.selection import Request
from benchmark.manifest.settings import dump


@dataclass(frozen=True)
class Unavailable:
    """A dataset that cannot be used here.

    Attributes:
        dataset: Name in the table.
        reason: What is not there.
        hint: What to do about it.
    """

    dataset: str
    reason: str
    hint: str


@dataclass(frozen=True)
class Available:
    """A dataset ready for runs.

    Attributes:
        dataset: Name in the table.
        loader: Loader with its resolved options.
        described: All modalities and tasks.
        used: Those the table uses.
        release: What will be read.
    """

    dataset: str
    loader: Ref
    described: Component
    used: Component
    release: Release


def look(
    manifest: Manifest, dataset: str, profile: str, request: Request
) -> Available | Unavailable:
    """Tell which release of a dataset runs would read, without reading it.

    A paper's table takes data that is real but not complete only where it was asked for.
    """
    context = replace(request.context, partial=not manifest.is_of_a_paper)
    name, config = _loader(manifest, dataset, profile, request)
    try:
        release: Release = DATASETS.load(name).probe(config, context)
    except DataNotAvailable as error:
        return Unavailable(dataset, error.message, error.hint)
    return _available(manifest, dataset, config, release)


def without_release(manifest: Manifest, dataset: str, profile: str, request: Request) -> Available:
    """Return a dataset for what needs its shapes only, whether its data is here or not."""
    _, config = _loader(manifest, dataset, profile, request)
    none = Release(id="", version="", source="synthetic", fingerprint="")
    return _available(manifest, dataset, config, none)


def choose_profile(
    manifest: Manifest, datasets: tuple[str, ...], request: Request
) -> tuple[str, str]:
    """Return the profile and why it was taken.

    Raises:
        UnknownNameError: The table has no such profile.
    """
    names = manifest.profile_names
    if request.profile != "auto":
        if request.profile not in names:
            raise UnknownNameError("profile", request.profile, names)
        return request.profile, "asked for"
    if len(names) == 1:
        return names[0], "the only one"
    found = [look(manifest, name, "paper", request) for name in datasets]
    lacking = [text for one in found if (text := _not_real(one))]
    if not request.accelerator:
        lacking.append("there is no accelerator")
    if lacking:
        return "demo", "; ".join(lacking)
    return "paper", "all data is real and there is an accelerator"


def _loader(manifest: Manifest, dataset: str, profile: str, request: Request) -> tuple[str, Any]:
    """Return a dataset's loader and its options, with those of the command line on top."""
    name = loader_of(manifest, dataset)
    changed = changed_options(request.overrides, manifest, dataset)
    options = merge(options_tree(manifest, dataset, request.variant, profile), changed)
    issues: list[Issue] = []
    config = parse(DATASETS.config(name), plain(options), issues)
    if config is None:
        texts = [f"{'.'.join(map(str, one.path))}: {one.text}" for one in issues]
        if changed:
            raise UsageError(f"options of {dataset}: {'; '.join(texts)}", "look at --set datasets")
        raise ManifestError(texts)
    return name, config


def _available(manifest: Manifest, dataset: str, config: Any, release: Release) -> Available:
    name = loader_of(manifest, dataset)
    described: Component = DATASETS.load(name).describe(config)
    used = used_part(described, dataset, manifest.datasets[dataset])
    return Available(dataset, DATASETS.ref(name, dump(config)), described, used, release)


def _not_real(found: Available | Unavailable) -> str:
    if isinstance(found, Unavailable):
        return f"{found.dataset} is not here"
    source = found.release.source
    return "" if source == "real" else f"{found.dataset} is {source}"
