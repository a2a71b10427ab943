"""A manifest that builds on another file, so that tables of one paper share their methods.

``extends: _methods.yaml`` names a file beside the manifest with any of ``settings``, ``datasets``,
``methods``, ``variants``, ``profiles`` and ``sources``. The manifest's own values lie on top:
mappings merge key by key, anything else replaces. A row with ``use: mirai`` starts from the method
of that name, under its own keys. Of what the base holds for datasets and methods, only that counts
which the table names. Overlays of the base (``variants``, ``profiles``) may hold ``methods`` too,
and its ``sources`` follow what they speak of: ``methods.mirai.settings`` becomes
``rows.<key>.settings`` of every row that uses it.

The result is an ordinary document; every path in it knows the file and line it was written at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from benchmark.core.errors import suggestion
from benchmark.manifest.resolve import ENTRIES
from benchmark.manifest.yaml_reader import Document, KeyPath, parse_yaml, read_text

BASE_KEYS = ("settings", "datasets", "methods", "variants", "profiles", "sources")
_OVERLAYS = ("variants", "profiles")
#: Keys of a row whose values are mappings by dataset.
_BY_DATASET = ("by_dataset", "modalities", "tasks")


def compose(own: Document, path: Path) -> Document:
    """Return the document that a manifest and the file it extends mean together.

    Args:
        own: The manifest; returned as it is if it extends nothing.
        path: Its file.

    Raises:
        ManifestError: The base cannot be read.
    """
    if not isinstance(own.value, dict) or "extends" not in own.value:
        return own
    name = own.value["extends"]
    if not isinstance(name, str) or not name.strip():
        return own.with_problem(("extends",), f"must name a file, not {name!r}")
    file = path.parent / name
    base = parse_yaml(read_text(file), str(file))
    if not isinstance(base.value, dict):
        return own.with_problem(("extends",), f"{file} holds no mapping")
    return _Composer(own, base).document()


class _Layer(NamedTuple):
    """A value of one of the two files and where it stands."""

    value: Any
    document: Document
    path: KeyPath

    def below(self, key: str | int) -> _Layer:
        return _Layer(self.value[key], self.document, (*self.path, key))

    def get(self, *keys: str) -> _Layer | None:
        """Return what stands below, None where there is no such mapping or key."""
        layer = self
        for key in keys:
            if not isinstance(layer.value, dict) or key not in layer.value:
                return None
            layer = layer.below(key)
        return layer


@dataclass
class _Composer:
    own: Document
    base: Document
    lines: dict[KeyPath, int] = field(default_factory=dict)
    files: dict[KeyPath, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def document(self) -> Document:
        """Merge every part of the two files."""
        self.problems += [*self.own.problems, *self.base.problems]
        self.check_base()
        self.lines[()] = self.own.line(())
        value: dict[str, Any] = {}
        for key in dict.fromkeys([*self.own.value, *BASE_KEYS]):
            if key in ("extends", "methods", "sources"):
                continue
            made = self.part(key)
            if made is not None:
                value[key] = made
        value["sources"] = self.sources(value)
        return Document(value, self.lines, tuple(self.problems), self.own.file, self.files)

    def check_base(self) -> None:
        """Note what a base cannot hold."""
        for key in self.base.value:
            if key not in BASE_KEYS:
                text = f"unknown key of a file that is extended ({suggestion(key, BASE_KEYS)})"
                self.note(self.base, (key,), text)

    def part(self, key: str) -> Any:
        """Return one top-level part of the table; None where neither file has it."""
        ours, theirs = self.layer(self.own).get(key), self.layer(self.base).get(key)
        if key == "rows" and ours is not None and isinstance(ours.value, list):
            return self.rows(ours)
        if key == "datasets" and ours is not None:
            theirs = _narrowed(theirs, self.datasets)
        if key in _OVERLAYS and theirs is not None:
            return self.overlays(key, theirs, ours)
        return self.put((key,), theirs if key in BASE_KEYS else None, ours)

    def rows(self, rows: _Layer) -> list[Any]:
        """Return every row on top of the method it uses."""
        self.place(("rows",), rows)
        return [self.row(rows.below(index), index) for index in range(len(rows.value))]

    def row(self, row: _Layer, index: int) -> Any:
        if not isinstance(row.value, dict) or "use" not in row.value:
            return self.put(("rows", index), row)
        name = row.value["use"]
        method = self.layer(self.base).get("methods", str(name))
        if method is None:
            known = self.base.value.get("methods") or {}
            text = f"unknown method {name!r} ({suggestion(str(name), sorted(known))})"
            self.note(row.document, (*row.path, "use"), text)
        elif isinstance(method.value, dict):
            method = method._replace(value=self.narrowed(method))
        rest = {key: value for key, value in row.value.items() if key != "use"}
        return self.put(("rows", index), method, row._replace(value=rest))

    def narrowed(self, method: _Layer) -> dict[str, Any]:
        """Return a method with what it says dataset by dataset only of those the table names."""
        value = dict(method.value)
        for key in _BY_DATASET:
            if isinstance(value.get(key), dict):
                inner = _narrowed(method.below(key), self.datasets)
                value.pop(key)
                value |= {key: inner.value} if inner else {}
        return value

    def overlays(self, key: str, theirs: _Layer, ours: _Layer | None) -> Any:
        """Return variants or profiles, with what they say of methods turned to rows."""
        made: dict[str, Any] = {}
        self.place((key,), ours or theirs)
        names = [*(theirs.value or {}), *((ours.value or {}) if ours else {})]
        for name in dict.fromkeys(names):
            below, above = theirs.get(name), ours.get(name) if ours else None
            made[name] = self.overlay((key, name), below, above)
        return made

    def overlay(self, at: KeyPath, below: _Layer | None, above: _Layer | None) -> Any:
        if below is None or not isinstance(below.value, dict):
            return self.put(at, above or below)
        if above is not None and not isinstance(above.value, dict):
            return self.put(at, above)
        self.place(at, above or below)
        made: dict[str, Any] = {}
        for key in dict.fromkeys([*below.value, *(above.value if above else ())]):
            theirs, ours = below.get(key), above.get(key) if above else None
            if key == "datasets":
                theirs = _narrowed(theirs, self.datasets)
            if key not in ("methods", "rows") and (theirs or ours):
                made[key] = self.put((*at, key), theirs, ours)
        rows = {
            row: self.put((*at, "rows", row), method, above.get("rows", row) if above else None)
            for row, method in self.methods_of(below)
        }
        for row in (above.value.get("rows") or {}) if above else ():
            if row not in rows and above:
                rows[row] = self.put((*at, "rows", row), above.get("rows", row))
        return {**made, "rows": rows} if rows else made

    def methods_of(self, overlay: _Layer) -> Iterator[tuple[str, _Layer | None]]:
        """Yield what an overlay of the base says of each row's method."""
        for key, name in self.used:
            method = overlay.get("methods", name)
            if method is not None and isinstance(method.value, dict):
                method = method._replace(value=self.narrowed(method))
            if method is not None:
                yield key, method

    def sources(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return the sources of both files; those of the base only for what is in the table."""
        found: dict[str, _Layer] = {}
        theirs = self.layer(self.base).get("sources")
        for text in theirs.value if theirs and isinstance(theirs.value, dict) else ():
            for path in self.renamed(text):
                if theirs and _exists(value, path):
                    found[path] = theirs.below(text)
        ours = self.layer(self.own).get("sources")
        for text in ours.value if ours and isinstance(ours.value, dict) else ():
            if ours:
                found[text] = ours.below(text)
        return {path: self.put(("sources", path), layer) for path, layer in found.items()}

    def renamed(self, path: str) -> Iterator[str]:
        """Yield a source's path, for every row instead of the method it uses."""
        head, mark, rest = path.partition("methods.")
        if not mark or (head and not head.endswith(".")):
            yield path
            return
        name, dot, inner = rest.partition(".")
        for key, used in self.used:
            if used == name:
                yield f"{head}rows.{key}{dot}{inner}"

    @property
    def datasets(self) -> Mapping[str, Any]:
        """Datasets that the table names."""
        found = self.own.value.get("datasets")
        return found if isinstance(found, dict) else {}

    @property
    def used(self) -> list[tuple[str, str]]:
        """Row keys with the method each uses."""
        rows = self.own.value.get("rows")
        found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return [(str(row.get("key")), str(row["use"])) for row in found if "use" in row]

    def put(self, at: KeyPath, *layers: _Layer | None) -> Any:
        """Merge layers, lowest first, and note where each value of the result stands."""
        given = [layer for layer in layers if layer is not None]
        if not given:
            return None
        top = given[-1]
        self.place(at, top)
        if isinstance(top.value, list):
            return [self.put((*at, index), top.below(index)) for index in range(len(top.value))]
        if not isinstance(top.value, dict):
            return top.value
        first = next(
            (i + 1 for i in range(len(given) - 2, -1, -1) if _replaces(at, given[i], top)), 0
        )
        merged = given[first:]
        keys = dict.fromkeys(key for layer in merged for key in layer.value)
        return {key: self.put((*at, key), *(layer.get(key) for layer in merged)) for key in keys}

    def place(self, at: KeyPath, layer: _Layer) -> None:
        """Note the file and line of a path."""
        self.lines[at] = layer.document.line(layer.path)
        self.files[at] = layer.document.file

    def layer(self, document: Document) -> _Layer:
        return _Layer(document.value, document, ())

    def note(self, document: Document, path: KeyPath, text: str) -> None:
        self.problems += document.with_problem(path, text).problems[-1:]


def _replaces(at: KeyPath, below: _Layer, top: _Layer) -> bool:
    """Tell whether a mapping hides what lies below: other kinds of value, another named entry."""
    if not isinstance(below.value, dict):
        return True
    named = len(at) > 1 and at[-2] in ENTRIES and "name" in top.value
    return named and below.value.get("name") != top.value["name"]


def _narrowed(layer: _Layer | None, names: Mapping[str, Any]) -> _Layer | None:
    """Keep the keys of a mapping that a table names."""
    if layer is None or not isinstance(layer.value, dict):
        return layer
    kept = {key: value for key, value in layer.value.items() if key in names}
    return layer._replace(value=kept) if kept else None


def _exists(value: Any, path: str) -> bool:
    """Tell whether a dotted path leads to something in the table."""
    parts = path.split(".")
    for depth, part in enumerate(parts):
        if isinstance(value, list):
            keys = [row.get("key") if isinstance(row, dict) else None for row in value]
            if part not in keys:
                return False
            value = value[keys.index(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return isinstance(value, dict) and ".".join(parts[depth:]) in value
    return True
