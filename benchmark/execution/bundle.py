"""The one file an execution engine hands to ``mmbench worker``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from benchmark.core.paths import Paths
from benchmark.core.problem import Frozen
from benchmark.manifest.plan import PlannedRun

BUNDLE_SCHEMA = 1


class Bundle(Frozen):
    """Runs and where to do them.

    Attributes:
        schema_version: Of this file.
        cache: Cache folder, absolute.
        data: Data folder, if any.
        weights: Folder of pretrained weights, if any.
        releases: Folder of one release by dataset name.
        source: Which data a loader may use.
        device: ``cpu``, ``cuda:N`` or ``mps``; decided before the worker starts.
        force: Run even what the store has as final.
        id: Recorded with every result; what was tried for this bundle is not tried again by it.
        retry: Statuses tried again although nothing changed, e.g. ``timeout``.
        executor: ``module:function`` that computes a run; empty for the suite's own.
        plugins: Files of plug-ins, absolute; installed ones need not be named.
        runs: In order of preference; several workers may share one bundle, leases keep them apart.
    """

    schema_version: int = BUNDLE_SCHEMA
    cache: str
    data: str | None = None
    weights: str | None = None
    releases: dict[str, str] = Field(default_factory=dict)
    source: Literal["auto", "real", "partial", "synthetic"] = "auto"
    device: str = "cpu"
    force: bool = False
    id: str = ""
    retry: tuple[str, ...] = ()
    executor: str = ""
    plugins: tuple[str, ...] = ()
    runs: tuple[PlannedRun, ...]

    def paths(self) -> Paths:
        """The folders as :class:`Paths`."""
        return Paths(
            cache=Path(self.cache),
            data=Path(self.data) if self.data else None,
            weights=Path(self.weights) if self.weights else None,
            releases={name: Path(path) for name, path in self.releases.items()},
        )
