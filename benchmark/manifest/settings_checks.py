"""Settings of a manifest: every combination of row, dataset, variant and profile must hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmark.core.problem import Component
from benchmark.datasets import DATASETS
from benchmark.manifest.described import describe, loader_config, loader_of, used_part
from benchmark.manifest.issues import Issue, unknown
from benchmark.manifest.resolve import (
    ENTRIES,
    TRAINED_ONLY,
    Leaf,
    Tree,
    is_control,
    layers_of,
    leaves,
    options_tree,
    origin,
    plain,
    settings_tree,
    tree,
    with_tasks,
)
from benchmark.manifest.schema import Manifest, RowEntry
from benchmark.manifest.settings import resolve
from benchmark.manifest.written import all_settings
from benchmark.manifest.yaml_reader import KeyPath
from benchmark.models import MODELS

#: A file that several manifests extend may hold more than one of them needs.
UNUSED = "is never used: no row takes it, or every row that does overrides it"


def check_settings(manifest: Manifest, complete: bool) -> list[Issue]:
    """Return what is wrong with the settings.

    Args:
        manifest: A manifest whose structure holds.
        complete: Whether all names hold, so that a setting which no combination uses is a mistake.
    """
    checker = _Checker(manifest)
    for variant in ("described", *manifest.variants):
        for profile in manifest.profile_names:
            checker.check(variant, profile)
    return [*checker.found(), *(checker.unused() if complete and checker.whole else ())]


class _Checker:
    """Goes through the combinations; remembers problems, who has them and what was used."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = self.written = manifest
        self.issues: dict[Issue, dict[str, None]] = {}
        self.used: set[KeyPath] = set()
        self.components: dict[str, Component] = {}
        self.whole = True

    def check(self, variant: str, profile: str) -> None:
        """Look at every row and dataset under one variant and profile."""
        self.manifest = with_tasks(self.written, variant, profile)
        self.components = {}
        for dataset in self.manifest.datasets:
            self.check_options(dataset, variant, profile)
        for index, row in enumerate(self.manifest.rows):
            for part, given in (("analysis", row.analysis), ("scenario", row.scenario)):
                self.used.update(leaf.origin for leaf in leaves(tree(given, ("rows", index, part))))
            if row.model in MODELS:
                for dataset in self.manifest.row_datasets(row):
                    self.check_row(index, row, dataset, (variant, profile))

    def check_options(self, dataset: str, variant: str, profile: str) -> None:
        """Check a dataset's loader options."""
        merged = options_tree(self.manifest, dataset, variant, profile)
        self.used.update(leaf.origin for leaf in leaves(merged))
        loader = loader_of(self.manifest, dataset)
        if loader not in DATASETS:
            return
        issues: list[Issue] = []
        if loader_config(plain(merged), loader, issues) is None:
            self.whole = False
            fallback = ("datasets", dataset, "options")
            for issue in issues:
                self.note(_written(merged, issue.path, fallback), issue.text, "")
        elif component := describe(self.manifest, dataset, variant, profile):
            self.components[dataset] = component

    def check_row(self, index: int, row: RowEntry, dataset: str, where: tuple[str, str]) -> None:
        """Check a row's settings on a dataset."""
        if is_control(row):
            self.check_control(row, dataset, where)
        component = self.components.get(dataset)
        used = _used_part(component, dataset, self.manifest, row) if component else None
        if component is None or used is None:
            return
        merged = settings_tree(self.manifest, row, dataset, *where)
        self.used.update(leaf.origin for leaf in leaves(_effective(merged, used)))
        place = ("rows", index, "settings")
        for issue in resolve(merged, row, component, used)[1]:
            self.note(_written(merged, issue.path, place), issue.text, row.key)

    def check_control(self, row: RowEntry, dataset: str, where: tuple[str, str]) -> None:
        """Note what a control's own layers set although nothing trains it."""
        for own, layer in layers_of(self.manifest, row, dataset, *where):
            for key in TRAINED_ONLY if own else ():
                if key not in layer:
                    continue
                branch = layer[key]
                found = [branch] if isinstance(branch, Leaf) else list(leaves(branch))
                self.used.update(leaf.origin for leaf in found)
                if found:
                    path = found[0].origin
                    place = path[: len(path) - path[::-1].index(key)]
                    text = f"the control {row.model!r} is fitted, not trained: remove {key!r}"
                    self.note(place, text, row.key)

    def note(self, path: KeyPath, text: str, row: str) -> None:
        """Remember a problem and the row that has it."""
        self.issues.setdefault(Issue(path, text), {})[row] = None

    def found(self) -> Iterator[Issue]:
        """Yield the problems; those of shared settings name the rows that have them."""
        for issue, rows in self.issues.items():
            shared = issue.path[0] != "rows" and issue.path[2:3] != ("rows",)
            names = [row for row in rows if row]
            text = f"{issue.text} [row {', '.join(names)}]" if shared and names else issue.text
            yield Issue(issue.path, text)

    def unused(self) -> Iterator[Issue]:
        """Yield settings that are in no combination."""
        modalities = {m.name for c in self.components.values() for m in c.modalities}
        tasks = {t.name for c in self.components.values() for t in c.tasks}
        known = {"encoders": ("modality", modalities), "losses": ("task", tasks)}
        for path in all_settings(self.manifest):
            if path not in self.used:
                yield Issue(path, _why_unused(path, known))


def _why_unused(path: KeyPath, known: dict[str, tuple[str, set[str]]]) -> str:
    for part, (kind, names) in known.items():
        if part in path and (at := path.index(part) + 1) < len(path):
            name = str(path[at])
            if name != "*" and name not in names:
                return unknown(kind, name, names)
    return UNUSED


def _used_part(
    component: Component, dataset: str, manifest: Manifest, row: RowEntry
) -> Component | None:
    try:
        return used_part(component, dataset, manifest.datasets[dataset], row)
    except KeyError:
        return None  # noted where the names are checked


def _effective(merged: Tree, used: Component) -> Tree:
    """Leave out encoders of modalities and losses of tasks that the dataset does not have."""
    names: dict[str, set[str]] = {
        "encoders": {"*", *(modality.name for modality in used.modalities)},
        "losses": {"*", *(task.name for task in used.tasks)},
    }
    kept: Tree = dict(merged)
    for part in ENTRIES:
        entries: Any = merged.get(part, {})
        kept[part] = {name: one for name, one in entries.items() if name in names[part]}
    return kept


def _written(merged: Tree, path: KeyPath, fallback: KeyPath) -> KeyPath:
    """Return where a setting was written, for an entry perhaps under ``*``; else the row itself."""
    star = (path[0], "*", *path[2:]) if path[:1] and path[0] in ENTRIES else path
    return origin(merged, path) or origin(merged, star) or (*fallback, *path)
