"""Where settings come from: each must say so, and nothing else may."""

from __future__ import annotations

from collections.abc import Iterator

from benchmark.core.errors import suggestion
from benchmark.manifest.issues import Issue
from benchmark.manifest.schema import Manifest
from benchmark.manifest.written import all_settings
from benchmark.manifest.yaml_reader import KeyPath

ORIGINS = ("paper:", "code:", "inferred:", "ours:")


def check_sources(manifest: Manifest, whole: bool) -> list[Issue]:
    """Return settings without a source, and sources that point at no setting or say nothing.

    Args:
        manifest: The record.
        whole: Whether all settings that were written are in it.
    """
    paths = {setting_path(path, manifest): path for path in all_settings(manifest)}
    covered = {prefix for path in paths for prefix in _prefixes(path)}
    pointless = _pointless(manifest, covered) if whole else ()
    return [*_without(manifest, paths), *pointless, *_texts(manifest)]


def setting_path(path: KeyPath, manifest: Manifest) -> str:
    """Write a path as sources do, with row keys: ``rows.early_fusion.settings.config.width``."""
    parts = [str(part) for part in path]
    if path[0] == "rows":
        parts[1] = manifest.rows[int(path[1])].key
    return ".".join(parts)


def source_of(path: str, manifest: Manifest) -> str | None:
    """Return the source of a setting: its own, or that of the closest block around it."""
    found = (manifest.sources.get(prefix) for prefix in _prefixes(path))
    return next((text for text in found if text is not None), None)


def _without(manifest: Manifest, paths: dict[str, KeyPath]) -> Iterator[Issue]:
    for text, path in paths.items():
        if source_of(text, manifest) is None:
            yield Issue(path, "has no source; add one to 'sources' for it or a block around it")


def _pointless(manifest: Manifest, covered: set[str]) -> Iterator[Issue]:
    for path in manifest.sources:
        if path not in covered:
            text = f"points at no setting ({suggestion(path, sorted(covered))})"
            yield Issue(("sources", path), text)


def _texts(manifest: Manifest) -> Iterator[Issue]:
    for path, text in manifest.sources.items():
        prefix = next((one for one in ORIGINS if text.startswith(one)), None)
        if prefix is None:
            yield Issue(("sources", path), f"{text!r} must start with one of {', '.join(ORIGINS)}")
        elif not text.removeprefix(prefix).strip():
            yield Issue(("sources", path), f"{text!r} names no place or reason")


def _prefixes(path: str) -> Iterator[str]:
    """Yield the path and every block around it, closest first."""
    while path:
        yield path
        path = path.rpartition(".")[0]
