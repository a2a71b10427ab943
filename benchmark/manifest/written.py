"""Every setting a manifest writes, by its path in the document."""

from __future__ import annotations

from collections.abc import Iterator

from benchmark.manifest.resolve import Tree, leaves, tree, written
from benchmark.manifest.schema import Manifest, Overlay
from benchmark.manifest.yaml_reader import KeyPath


def all_settings(manifest: Manifest) -> Iterator[KeyPath]:
    """Yield the path of every leaf under settings, options, variants and profiles."""
    for branch in _branches(manifest):
        yield from (leaf.origin for leaf in leaves(branch))


def _branches(manifest: Manifest) -> Iterator[Tree]:
    yield written(manifest.settings, ("settings",))
    for name, entry in manifest.datasets.items():
        place: KeyPath = ("datasets", name)
        yield tree(entry.options, (*place, "options"))
        yield written(entry.settings, (*place, "settings"))
    for index, row in enumerate(manifest.rows):
        place = ("rows", index)
        yield written(row.settings, (*place, "settings"))
        for name, layer in row.by_dataset.items():
            yield written(layer, (*place, "by_dataset", name))
        yield tree(row.analysis, (*place, "analysis"))
        yield tree(row.scenario, (*place, "scenario"))
    for name, overlay in manifest.variants.items():
        yield from _overlay(overlay, ("variants", name))
    for profile, overlay in manifest.profiles.items():
        yield from _overlay(overlay, ("profiles", profile))


def _overlay(overlay: Overlay, place: KeyPath) -> Iterator[Tree]:
    yield written(overlay.settings, (*place, "settings"))
    for name, change in overlay.datasets.items():
        yield tree(change.options, (*place, "datasets", name, "options"))
        yield written(change.settings, (*place, "datasets", name, "settings"))
    for key, layer in overlay.rows.items():
        yield written(layer, (*place, "rows", key))
