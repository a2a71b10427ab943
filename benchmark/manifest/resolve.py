"""Overlays: layers of settings merged into one tree whose leaves remember where they come from.

Mappings merge key by key; lists and scalars replace. An encoder or loss whose ``name`` changes
replaces the whole entry, because the other one's settings mean nothing to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, Union

from benchmark.manifest.schema import Layer, Manifest, Overlay, RowEntry
from benchmark.manifest.yaml_reader import KeyPath
from benchmark.models import MODELS

#: Settings of entries that have a ``name``, by modality or task.
ENTRIES = ("encoders", "losses")
#: Settings that controls, which are fitted outside the training loop, have no use for.
TRAINED_ONLY = (*ENTRIES, "strategy", "training")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value no merge looks into, and the document path it was written at."""

    value: Any
    origin: KeyPath


Tree: TypeAlias = dict[str, Union["Tree", Leaf]]


def tree(value: Mapping[str, Any], origin: KeyPath) -> Tree:
    """Turn nested mappings into a tree of leaves."""
    return {
        key: tree(one, (*origin, key)) if isinstance(one, dict) else Leaf(one, (*origin, key))
        for key, one in value.items()
    }


def plain(branch: Tree) -> dict[str, Any]:
    """Return the values of a tree."""
    return {key: one.value if isinstance(one, Leaf) else plain(one) for key, one in branch.items()}


def leaves(branch: Tree) -> Iterator[Leaf]:
    """Yield every leaf."""
    for one in branch.values():
        if isinstance(one, Leaf):
            yield one
        else:
            yield from leaves(one)


def origin(branch: Tree, path: KeyPath) -> KeyPath | None:
    """Return where the leaf or mapping at ``path`` was written; None if no layer wrote it."""
    node: Tree | Leaf = branch
    for depth, part in enumerate(path):
        if isinstance(node, Leaf):
            return (*node.origin, *path[depth:])
        if part not in node:
            return None
        node = node[str(part)]
    if isinstance(node, Leaf):
        return node.origin
    first = next(leaves(node), None)
    return first.origin[: _ends(first.origin, path)] if first and path else None


def merge(base: Tree, over: Tree) -> Tree:
    """Return ``base`` with ``over`` on top; neither is changed."""
    merged = dict(base)
    for key, new in over.items():
        old = merged.get(key)
        merged[key] = merge(old, new) if isinstance(old, dict) and isinstance(new, dict) else new
    return merged


def merge_entry(base: Tree, over: Tree) -> Tree:
    """Merge an encoder or loss; another name starts afresh."""
    return dict(over) if _renamed(base, over) else merge(base, over)


def merge_settings(layers: Iterable[Tree]) -> Tree:
    """Merge whole layers of settings, lowest first."""
    merged: Tree = {}
    for layer in layers:
        entries = {key: _merge_entries(merged.get(key), layer[key]) for key in _entries(layer)}
        merged = {**merge(merged, layer), **entries}
    return merged


def layers_of(
    manifest: Manifest, row: RowEntry, dataset: str, variant: str, profile: str
) -> list[tuple[bool, Tree]]:
    """Return what a row's settings on a dataset are made of, lowest first.

    table < dataset < row < row on the dataset < variant (the same four) < profile (the same).

    Returns:
        Layers, and whether each is the row's own or shared with other rows.
    """
    entry = manifest.datasets[dataset]
    place = ("rows", manifest.rows.index(row))
    layers = [
        (False, written(manifest.settings, ("settings",))),
        (False, written(entry.settings, ("datasets", dataset, "settings"))),
        (True, written(row.settings, (*place, "settings"))),
        (True, written(row.by_dataset.get(dataset), (*place, "by_dataset", dataset))),
    ]
    for overlay, where in overlays(manifest, variant, profile):
        change = overlay.datasets.get(dataset)
        on_dataset = written(
            change.settings if change else None, (*where, "datasets", dataset, "settings")
        )
        layers.append((False, written(overlay.settings, (*where, "settings"))))
        layers.append((False, on_dataset))
        own, at = overlay.rows.get(row.key), (*where, "rows", row.key)
        layers.append((True, _without(written(own, at), ("by_dataset",))))
        there = own.by_dataset.get(dataset) if own else None
        layers.append((True, written(there, (*at, "by_dataset", dataset))))
    return layers


def settings_tree(
    manifest: Manifest, row: RowEntry, dataset: str, variant: str, profile: str
) -> Tree:
    """Merge the layers of a row on a dataset.

    A control takes neither a config from layers it shares with other rows nor anything that only
    trained models use.
    """
    layers = layers_of(manifest, row, dataset, variant, profile)
    if not is_control(row):
        return merge_settings(layer for _, layer in layers)
    unused = {True: TRAINED_ONLY, False: ("config", *TRAINED_ONLY)}
    return merge_settings(_without(layer, unused[own]) for own, layer in layers)


def options_tree(manifest: Manifest, dataset: str, variant: str, profile: str) -> Tree:
    """Merge the loader options of a dataset: dataset < variant < profile."""
    merged = tree(manifest.datasets[dataset].options, ("datasets", dataset, "options"))
    for overlay, where in overlays(manifest, variant, profile):
        change = overlay.datasets.get(dataset)
        if change:
            merged = merge(merged, tree(change.options, (*where, "datasets", dataset, "options")))
    return merged


def overlays(manifest: Manifest, variant: str, profile: str) -> list[tuple[Overlay, KeyPath]]:
    """Return the overlays that apply, with their places, lowest first."""
    places: list[tuple[str, str, Mapping[Any, Overlay]]] = [
        ("variants", variant, manifest.variants),
        ("profiles", profile, manifest.profiles),
    ]
    return [(known[name], (part, name)) for part, name, known in places if name in known]


def with_tasks(manifest: Manifest, variant: str, profile: str) -> Manifest:
    """Return the manifest with the tasks that a variant or profile trains instead of its own."""
    datasets = dict(manifest.datasets)
    for overlay, _ in overlays(manifest, variant, profile):
        for name, change in overlay.datasets.items():
            if change.tasks is not None and name in datasets:
                datasets[name] = datasets[name].model_copy(update={"tasks": change.tasks})
    return manifest.model_copy(update={"datasets": datasets})


def is_control(row: RowEntry) -> bool:
    """Tell whether a row's method is fitted outside the training loop."""
    return row.model in MODELS and MODELS.entry(row.model).family == "control"


def written(layer: Layer | None, where: KeyPath) -> Tree:
    """Return what a layer says, leaving out what it does not."""
    return tree(layer.model_dump(exclude_unset=True), where) if layer else {}


def _ends(place: KeyPath, path: KeyPath) -> int:
    """Return how much of ``place``, a leaf below ``path``, belongs to ``path``."""
    return len(place) - place[::-1].index(path[-1])


def _entries(layer: Tree) -> list[str]:
    return [key for key in ENTRIES if key in layer]


def _merge_entries(base: Tree | Leaf | None, over: Tree | Leaf) -> Tree:
    assert isinstance(over, dict)
    merged = dict(base) if isinstance(base, dict) else {}
    for name, new in over.items():
        old = merged.get(name, {})
        assert isinstance(old, dict)
        assert isinstance(new, dict)
        merged[name] = merge_entry(old, new)
    return merged


def _renamed(base: Tree, over: Tree) -> bool:
    old, new = base.get("name"), over.get("name")
    return isinstance(old, Leaf) and isinstance(new, Leaf) and old.value != new.value


def _without(layer: Tree, keys: Iterable[str]) -> Tree:
    return {key: one for key, one in layer.items() if key not in keys}
