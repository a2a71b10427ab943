"""Lazy registries: a name maps to two strings, and nothing is imported until it is used."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmark.core.errors import UnknownNameError
from benchmark.core.spec import Ref


@dataclass(frozen=True)
class Entry:
    """Where a registered thing lives.

    Attributes:
        target: ``module:attribute`` of the class or function (may import torch).
        config: ``module:attribute`` of its pydantic config class (torch-free), or empty.
        summary: One line for ``mmbench list``.
        family: What kind of thing within its registry, e.g. ``model`` or ``control``.
        result_version: Raised whenever behaviour changes; part of every fingerprint that uses it.
        requires: Extras of mmbench that must be installed.
        source: Hash of a plug-in's code, which stands in for a version; empty for built-ins.
        origin: Where a plug-in comes from: its file or its distribution; empty for built-ins.
    """

    target: str
    config: str = ""
    summary: str = ""
    family: str = ""
    result_version: int = 1
    requires: tuple[str, ...] = ()
    source: str = ""
    origin: str = ""


class Registry:
    """Names of one kind of thing.

    Args:
        kind: Singular noun for error texts, e.g. ``"model"``.
        entries: The built-in names.
    """

    def __init__(self, kind: str, entries: Mapping[str, Entry]) -> None:
        self.kind = kind
        self._entries = dict(entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def add(self, name: str, entry: Entry) -> None:
        """Register one more name; ValueError if it is taken."""
        if name in self._entries:
            raise ValueError(f"{self.kind} {name!r} is already registered")
        self._entries[name] = entry

    def remove(self, name: str) -> None:
        """Forget a name; UnknownNameError if it is not there."""
        self.entry(name)
        del self._entries[name]

    def entry(self, name: str) -> Entry:
        """Return the entry of ``name``; UnknownNameError suggests near misses."""
        try:
            return self._entries[name]
        except KeyError:
            raise UnknownNameError(self.kind, name, self._entries) from None

    def load(self, name: str) -> Any:
        """Import and return the thing called ``name``."""
        return _resolve(self.entry(name).target)

    def config(self, name: str) -> Any:
        """Import and return the config class of ``name``; it must have one."""
        return _resolve(self.entry(name).config)

    def ref(self, name: str, config: dict[str, Any]) -> Ref:
        """Return ``name`` with its resolved configuration, as a run spec holds it."""
        entry = self.entry(name)
        return Ref(name=name, config=config, version=entry.result_version, source=entry.source)


def _resolve(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return operator.attrgetter(attribute)(importlib.import_module(module))
