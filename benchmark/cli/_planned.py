"""Which stored runs a table plans, in any variant, profile and source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.core.paths import Paths
    from benchmark.manifest.schema import Manifest
    from benchmark.manifest.selection import Request
    from benchmark.store.runs import RunStore


def runs_to_keep(store: RunStore, paths: Paths, manifests: Sequence[Path]) -> set[str]:
    """Return the runs that tables plan, and stored runs of which that cannot be told here.

    A fingerprint depends on the data and on pretrained weights, so where either is not on this
    machine the runs with it are kept. Runs made with ``--set`` are planned by no table.

    Args:
        store: The cache.
        paths: Folders.
        manifests: Manifests besides the shipped ones.

    Raises:
        ManifestError: A manifest does not hold; nothing can be said about its runs.
    """
    from benchmark.manifest.expand import expand
    from benchmark.manifest.load import load_manifest
    from benchmark.manifest.tables import all_tables

    keep: set[str] = set()
    absent: set[tuple[str, str]] = set()
    no_weights = False
    shipped = [table.manifest for table in all_tables() if table.manifest]
    for path in [*shipped, *manifests]:
        manifest = load_manifest(path)
        for request in _requests(manifest, paths):
            expansion = expand(manifest, request, need_weights=False)
            keep |= {run.spec.fingerprint for run in expansion.runs}
            absent |= {(one.dataset, request.context.source) for one in expansion.unavailable}
            no_weights |= bool(expansion.no_weights)
    return keep | {
        name
        for name in store.fingerprints()
        if _uses(result := store.plain(name), absent) or (no_weights and _is_pretrained(result))
    }


def _requests(manifest: Manifest, paths: Paths) -> Iterator[Request]:
    from benchmark.cli._work import DEVICE_KINDS
    from benchmark.datasets._base import DataContext
    from benchmark.manifest.selection import Request

    for source in ("real", "partial", "synthetic"):
        for variant in ("described", "released"):
            for profile in manifest.profile_names:
                for device in DEVICE_KINDS if _measures(manifest) else ("cpu",):
                    yield Request(DataContext(paths, source), variant, profile, device=device)


def _measures(manifest: Manifest) -> bool:
    return any(row.kind == "measure" for row in manifest.rows)


def _uses(result: dict[str, Any] | None, absent: set[tuple[str, str]]) -> bool:
    releases = (result or {}).get("releases", {})
    return any((name, release["source"]) in absent for name, release in releases.items())


def _is_pretrained(result: dict[str, Any] | None) -> bool:
    return bool(result and result["spec"].get("weights"))
