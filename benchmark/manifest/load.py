"""Read a manifest: everything is checked before any work, every problem reported at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmark.core.errors import ManifestError
from benchmark.core.paths import shipped
from benchmark.manifest.checks import check_names
from benchmark.manifest.issues import Issue
from benchmark.manifest.read import parse_manifest, read_document
from benchmark.manifest.schema import Manifest
from benchmark.manifest.settings_checks import UNUSED, check_settings
from benchmark.manifest.sources import check_sources
from benchmark.manifest.yaml_reader import Document, KeyPath


def load_manifest(path: Path) -> Manifest:
    """Read and check one manifest.

    Raises:
        ManifestError: With every problem, in the order of lines, each as
            ``file:line: key.path: what is wrong``.
    """
    document = read_document(path)
    issues: list[Issue] = []
    manifest = parse_manifest(document.value, issues)
    if manifest is not None:
        issues += _check_place(manifest, path)
        issues += check_manifest(manifest, whole=not issues)
    problems = _lines(document, issues)
    if problems or manifest is None:
        raise ManifestError(problems)
    return manifest


def check_manifest(manifest: Manifest, whole: bool = True) -> list[Issue]:
    """Return what is wrong with a manifest whose structure holds.

    Args:
        manifest: The record.
        whole: Whether all that was written is in it, so that what points nowhere is a mistake.
    """
    names = check_names(manifest)
    settings = check_settings(manifest, complete=whole and not names)
    return [*names, *settings, *check_sources(manifest, whole)]


def _check_place(manifest: Manifest, path: Path) -> Iterable[Issue]:
    """A shipped manifest is found by its place, so its id must be the same."""
    place = f"{path.parent.name}/{path.stem}"
    if path.resolve().is_relative_to(shipped("manifests").resolve()) and manifest.id != place:
        yield Issue(("id",), f"{manifest.id!r} does not match the file's place {place!r}")


def _lines(document: Document, issues: Iterable[Issue]) -> list[str]:
    """Write all problems, those of the manifest's own file first, in the order of lines."""
    found = {
        (document.place(issue.path), _show(issue.path, document.value), issue.text): None
        for issue in issues
        if issue.text != UNUSED or document.place(issue.path)[0] == document.file
    }
    texts = [(place, f"{place[0]}:{place[1]}: {where}: {text}") for place, where, text in found]
    texts += [(_place_of(one), one) for one in document.problems]
    return [text for _, text in sorted(texts, key=lambda one: (one[0][0] != document.file, one[0]))]


def _place_of(problem: str) -> tuple[str, int]:
    """Return file and line of a problem's text; a file's name may hold colons."""
    found = re.match(r"(.*?):(\d+): ", problem)
    return (found[1], int(found[2])) if found else (problem, 0)


def _show(path: KeyPath, value: Any) -> str:
    """Write a path with row keys for row numbers: ``rows.early_fusion.label``."""
    parts = list(path)
    if len(parts) > 1 and parts[0] == "rows" and isinstance(parts[1], int):
        row = value["rows"][parts[1]]
        key = row.get("key") if isinstance(row, dict) else None
        parts[1] = key if isinstance(key, str) else parts[1]
    return ".".join(str(part) for part in parts) or "manifest"
