"""``--set PATH=VALUE``: one more layer, on every row that has such a setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.core.errors import UnknownNameError, UsageError, suggestion
from benchmark.core.problem import Component
from benchmark.manifest.issues import Issue
from benchmark.manifest.resolve import Leaf, Tree, merge_settings
from benchmark.manifest.schema import RowEntry
from benchmark.manifest.settings import Resolved, resolve
from benchmark.manifest.yaml_reader import parse_yaml


@dataclass(frozen=True)
class Override:
    """A setting from the command line.

    Attributes:
        row: The only row it is for; empty is all.
        path: Keys within a row's settings; ``*`` among encoders or losses means each of them.
        value: New value.
    """

    row: str
    path: tuple[str, ...]
    value: Any

    def __str__(self) -> str:
        prefix = f"{self.row}:" if self.row else ""
        return f"--set {prefix}{'.'.join(self.path)}={self.value!r}"


def read_overrides(assignments: Mapping[str, str]) -> tuple[Override, ...]:
    """Read paths and value texts; names of strategies and encoders come before their settings.

    Args:
        assignments: Value by path: ``training.epochs``, or ``early_fusion:training.lr`` for a row.

    Raises:
        UsageError: A path that is empty in places, or a value that is no YAML.
    """
    found = [_read(path, text) for path, text in assignments.items()]
    return tuple(sorted(found, key=lambda one: one.path[-1] not in ("name", "strategy")))


def check_rows(overrides: Sequence[Override], rows: Sequence[str]) -> None:
    """Raise UnknownNameError for an override of a row that is not there."""
    for one in overrides:
        if one.row and one.row not in rows:
            raise UnknownNameError("row", one.row, rows)


class Overrides:
    """Applies overrides row by row and remembers which found no place."""

    def __init__(self, overrides: Sequence[Override]) -> None:
        self.overrides = overrides
        self.placed: list[Override] = []
        self.known: set[str] = set()

    def apply(self, merged: Tree, row: RowEntry, described: Component, used: Component) -> Resolved:
        """Return a row's settings on a dataset with the overrides that it has a place for.

        Raises:
            UsageError: A value that the setting does not take.
        """
        resolved = _resolved(resolve(merged, row, described, used), row, None)
        for one in self.overrides:
            if one.row not in ("", row.key):
                continue
            settings = resolved.as_settings()
            self.known.update(_paths(settings))
            places = list(_places(one.path, settings))
            for place in places:
                merged = merge_settings([merged, _branch(place, one.value)])
            if places:
                self.placed.append(one)
                resolved = _resolved(resolve(merged, row, described, used), row, one)
        return resolved

    def check(self) -> None:
        """Raise UsageError for an override that no row had a place for."""
        for one in self.overrides:
            if one not in self.placed:
                path = ".".join(one.path)
                rows = f"row {one.row!r} has" if one.row else "no selected row has"
                raise UsageError(
                    f"{one}: {rows} a setting {path!r}", suggestion(path, sorted(self.known))
                )


def _read(path: str, text: str) -> Override:
    row, colon, rest = path.rpartition(":")
    keys = tuple(rest.split("."))
    if not all(keys) or (colon and not row):
        raise UsageError(
            f"--set {path}={text}: {path!r} is no path", "write it as training.optimizer.lr=1e-4"
        )
    document = parse_value(text, path)
    return Override(row, keys, document)


def parse_value(text: str, path: str) -> Any:
    """Read the value of an override as YAML would; UsageError if it cannot be read."""
    from benchmark.core.errors import ManifestError

    if not text.strip():
        return None
    try:
        document = parse_yaml(text, "value")
    except ManifestError as error:
        raise UsageError(f"--set {path}={text}: {error}") from None
    if document.problems:
        raise UsageError(f"--set {path}={text}: {document.problems[0]}")
    return document.value


def _places(path: tuple[str, ...], settings: Any) -> Iterator[tuple[str, ...]]:
    """Yield where a path leads: one place, or each entry that ``*`` stands for; none if nowhere."""
    if len(path) > 1 and path[0] in ("encoders", "losses") and path[1] == "*":
        for name in settings.get(path[0], {}):
            if _has(settings, (path[0], name, *path[2:])):
                yield (path[0], name, *path[2:])
    elif _has(settings, path):
        yield path


def _has(settings: Any, path: tuple[str, ...]) -> bool:
    """Tell whether a path exists; below null and empty mappings anything may be tried."""
    node = settings
    for part in path:
        if node is None or node == {}:
            return True
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


def _branch(path: tuple[str, ...], value: Any) -> Tree:
    branch: Tree | Leaf = Leaf(value, ("--set", *path))
    for part in reversed(path):
        branch = {part: branch}
    assert isinstance(branch, dict)
    return branch


def _paths(settings: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _paths(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _resolved(
    found: tuple[Resolved | None, list[Issue]], row: RowEntry, override: Override | None
) -> Resolved:
    resolved, issues = found
    if resolved is None:
        texts = "; ".join(f"{'.'.join(map(str, one.path))}: {one.text}" for one in issues)
        prefix = f"{override}: " if override else ""
        raise UsageError(f"{prefix}row {row.key!r}: {texts}")
    return resolved
