"""From the words of a command line to expansions and runs; shared by plan, run, status, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchmark.core.errors import UsageError, suggestion

if TYPE_CHECKING:
    from benchmark.core.paths import Paths
    from benchmark.manifest.expand import Expansion
    from benchmark.manifest.selection import Request
    from benchmark.store.runs import RunStore

#: What costs can be measured on, fastest first.
DEVICE_KINDS = ("cuda", "mps", "cpu")


@dataclass(frozen=True)
class Asked:
    """What was typed: tables, which part of them, under which settings, on which data.

    Attributes are the command line's options; see ``mmbench run --help``.
    """

    tables: Sequence[str] = ()
    rows: Sequence[str] = ()
    models: Sequence[str] = ()
    datasets: Sequence[str] = ()
    tasks: Sequence[str] = ()
    folds: Sequence[str] = ()
    seeds: Sequence[str] = ()
    profile: str = "auto"
    source: Literal["auto", "real", "partial", "synthetic"] = "auto"
    variant: str = "described"
    data: Sequence[str] = ()
    overrides: Sequence[str] = ()
    cache: Path | None = None
    device: str = "auto"
    plugins: Sequence[Path] = ()

    def paths(self) -> Paths:
        """Resolve the folders."""
        from benchmark.cli._options import data_folders
        from benchmark.core.paths import find_paths

        root, releases = data_folders(self.data)
        return find_paths(cache=self.cache, data=root, releases=releases)


def expansions(asked: Asked) -> list[Expansion]:
    """Load and expand every table asked for, each once; all errors of one manifest at once.

    Raises:
        UsageError: No table, or one that nobody has written a manifest for.
        ManifestError: A manifest that does not hold.
    """
    from benchmark.manifest.expand import expand
    from benchmark.manifest.load import load_manifest

    request = request_of(asked)
    return [expand(load_manifest(path), request) for path in manifest_paths(asked.tables)]


def stored_expansions(asked: Asked, store: RunStore) -> list[Expansion]:
    """Expand as :func:`expansions` does; costs are those of the kind of device that was measured.

    A table that was measured on a GPU can so be shown on a machine without one.
    """
    from benchmark.manifest.expand import expand
    from benchmark.manifest.load import load_manifest

    request = request_of(asked)
    kinds = [request.device, *(one for one in DEVICE_KINDS if one != request.device)]
    found = []
    for path in manifest_paths(asked.tables):
        manifest = load_manifest(path)
        first = expand(manifest, request)
        if asked.device == "auto" and not _is_measured(first, store, default=True):
            others = (expand(manifest, replace(request, device=kind)) for kind in kinds[1:])
            first = next((one for one in others if _is_measured(one, store)), first)
        found.append(first)
    return found


def _is_measured(expansion: Expansion, store: RunStore, default: bool = False) -> bool:
    """Tell whether a cost of a table is stored; ``default`` where it has none to measure."""
    names = [run.spec.fingerprint for run in expansion.runs if run.spec.device]
    return bool(store.heads(names)) if names else default


def request_of(asked: Asked) -> Request:
    """Return what was typed as a request for any table."""
    from benchmark.cli._options import assignments
    from benchmark.datasets._base import DataContext
    from benchmark.execution.devices import device_kind, has_accelerator
    from benchmark.manifest.selection import Request

    return Request(
        context=DataContext(asked.paths(), asked.source),
        variant=asked.variant,
        profile=asked.profile,
        accelerator=has_accelerator(asked.device),
        device=device_kind(asked.device),
        rows=asked.rows,
        models=asked.models,
        datasets=asked.datasets,
        tasks=asked.tasks,
        folds=asked.folds,
        seeds=asked.seeds,
        overrides=assignments(asked.overrides),
    )


def manifest_paths(names: Sequence[str]) -> list[Path]:
    """Return the manifests of tables, each once.

    Raises:
        UsageError: No table was named, or one that nobody has written a manifest for.
    """
    from benchmark.manifest.tables import all_tables, resolve_table

    runnable = [table.id for table in all_tables() if table.manifest]
    if not names:
        raise UsageError("no table was named", f"tables to run: {', '.join(runnable)}")
    found: dict[Path, None] = {}
    for name in names:
        entry = resolve_table(name)
        if entry.manifest is None:
            raise UsageError(
                f"{entry.id} has no manifest yet: its printed numbers can be shown, not run",
                f"mmbench show {entry.id}; {suggestion(entry.id, runnable)}",
            )
        found[entry.manifest] = None
    return list(found)
