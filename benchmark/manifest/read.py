"""From a file to the record of a manifest; whether it holds is for ``benchmark.manifest.load``."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from benchmark.core.errors import ManifestError
from benchmark.manifest.compose import compose
from benchmark.manifest.issues import Issue, parse
from benchmark.manifest.schema import MANIFEST_SCHEMA, Manifest
from benchmark.manifest.yaml_reader import Document, KeyPath, parse_yaml, read_text


def read_document(path: Path) -> Document:
    """Read a manifest and what it extends.

    Raises:
        ManifestError: The file cannot be read or is no mapping.
    """
    document = compose(parse_yaml(read_text(path), str(path)), path)
    if not isinstance(document.value, dict):
        raise ManifestError(
            [*document.problems, f"{path}:1: a manifest is a mapping with 'id', 'rows', ..."]
        )
    return document


def read_manifest(path: Path) -> Manifest:
    """Read a manifest that another one refers to; only its structure is checked.

    Raises:
        ManifestError: It cannot be read, or its structure does not hold.
    """
    document = read_document(path)
    issues: list[Issue] = []
    manifest = parse_manifest(document.value, issues)
    if manifest is None or issues or document.problems:
        raise ManifestError([f"{path} does not hold; see 'mmbench validate {path}'"])
    return manifest


def parse_manifest(value: dict[str, Any], issues: list[Issue]) -> Manifest | None:
    """Return the record; what does not fit is noted and, if it can be missed, left out."""
    value = copy.deepcopy(value)
    if not _check_version(value, issues):
        return None
    found: list[Issue] = []
    manifest: Manifest | None = parse(Manifest, value, found)
    issues += found
    if manifest is not None or not found:
        return manifest
    for issue in found:
        _mend(value, issue)
    again: Manifest | None = parse(Manifest, value, [])
    return again


def _check_version(value: dict[str, Any], issues: list[Issue]) -> bool:
    """Note a version that is missing or wrong; tell whether the rest is worth reading."""
    version = value.get("schema_version")
    if version == MANIFEST_SCHEMA and not isinstance(version, bool):
        return True
    value["schema_version"] = MANIFEST_SCHEMA
    place: KeyPath = ("schema_version",)
    if version is None:
        issues.append(Issue(place, f"is missing; write 'schema_version: {MANIFEST_SCHEMA}'"))
    elif isinstance(version, int) and version > MANIFEST_SCHEMA:
        text = f"{version} needs a newer mmbench; this one reads up to {MANIFEST_SCHEMA}"
        issues.append(Issue(place, text))
        return False
    else:
        issues.append(Issue(place, f"must be {MANIFEST_SCHEMA}, not {version!r}"))
    return True


def _mend(value: Any, issue: Issue) -> None:
    """Make text of what should be text; delete any other value that does not fit."""
    path = issue.path
    while path and isinstance(path[-1], int):
        path = path[:-1]  # an item goes with its list, since others would take its number
    for part in path[:-1]:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return
    if not path or not isinstance(value, dict):
        return
    if issue.text.startswith("must be text") and path == issue.path:
        value[path[-1]] = str(value[path[-1]])
    else:
        value.pop(path[-1], None)
