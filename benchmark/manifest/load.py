"""Read a manifest: everything is checked before any work, every problem reported at once."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmark.core.errors import ManifestError
from benchmark.core.paths import shipped
from benchmark.manifest.checks import check_names
from benchmark.manifest.compose import compose
from benchmark.manifest.issues import Issue, parse
from benchmark.manifest.schema import MANIFEST_SCHEMA, Manifest
from benchmark.manifest.settings_checks import UNUSED, check_settings
from benchmark.manifest.sources import check_sources
from benchmark.manifest.yaml_reader import Document, KeyPath, parse_yaml, read_text


def load_manifest(path: Path) -> Manifest:
    """Read and check one manifest.

    Raises:
        ManifestError: With every problem, in the order of lines, each as
            ``file:line: key.path: what is wrong``.
    """
    document = compose(parse_yaml(read_text(path), str(path)), path)
    if not isinstance(document.value, dict):
        raise ManifestError(
            [*document.problems, f"{path}:1: a manifest is a mapping with 'id', 'rows', ..."]
        )
    issues: list[Issue] = []
    manifest = _parse(document.value, issues)
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


def _parse(value: dict[str, Any], issues: list[Issue]) -> Manifest | None:
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
