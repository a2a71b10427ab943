"""What a table's datasets are: loaders, and the modalities and tasks that it or a row uses."""

from __future__ import annotations

from typing import Any

from benchmark.core.problem import Component
from benchmark.core.spec import Ref
from benchmark.datasets import DATASETS
from benchmark.manifest.issues import Issue, parse
from benchmark.manifest.resolve import options_tree, plain
from benchmark.manifest.schema import DatasetEntry, Manifest, RowEntry


def unlike_papers(manifest: Manifest, dataset: str) -> str:
    """Return why a dataset's release cannot be that of a printed table; empty if it can."""
    config = DATASETS.config(loader_of(manifest, dataset))
    return str(getattr(config, "unlike_papers", ""))


def leak_of(loader: Ref) -> str:
    """Return what a loader's options let leak, as a release's code does; empty if nothing."""
    if loader.name not in DATASETS:
        return ""
    return str(getattr(DATASETS.config(loader.name).parse(loader.config), "leak", ""))


def loader_of(manifest: Manifest, dataset: str) -> str:
    """Return the registry name of a dataset's loader."""
    return manifest.datasets[dataset].loader or dataset


def loader_config(options: dict[str, Any], loader: str, issues: list[Issue]) -> Any:
    """Return the loader's config, or None after noting what is wrong with the options."""
    return parse(DATASETS.config(loader), options, issues)


def describe(
    manifest: Manifest, dataset: str, variant: str = "described", profile: str = ""
) -> Component | None:
    """Return all modalities and tasks of a dataset; None if loader or options do not hold."""
    loader = loader_of(manifest, dataset)
    if loader not in DATASETS:
        return None
    options = plain(options_tree(manifest, dataset, variant, profile))
    config = loader_config(options, loader, [])
    if config is None:
        return None
    component: Component = DATASETS.load(loader).describe(config)
    return component


def used_part(
    component: Component, dataset: str, entry: DatasetEntry, row: RowEntry | None = None
) -> Component:
    """Return the modalities and tasks that a table uses, in its order, or that a row of it does."""
    own = row.modalities.get(dataset) if row else None
    modalities = own or entry.modalities or [one.name for one in component.modalities]
    trained = row.tasks.get(dataset) if row else None
    tasks = trained or entry.tasks or [one.name for one in component.tasks]
    return Component(
        dataset=dataset,
        modalities=tuple(component.modality(name) for name in modalities),
        tasks=tuple(component.task(name) for name in tasks),
    )
