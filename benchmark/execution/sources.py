"""Which source a run is computed by, and whether that source has changed since."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from benchmark.core.errors import UsageError
from benchmark.core.registry import Registry
from benchmark.core.sources import source_hash
from benchmark.core.spec import RunSpec, canonical_json
from benchmark.datasets import DATASETS
from benchmark.losses import LOSSES
from benchmark.measures import ANALYSES, SCENARIOS
from benchmark.metrics import source_of
from benchmark.models import MODELS
from benchmark.models.encoders import ENCODERS
from benchmark.training.strategies import STRATEGIES


def run_sources(spec: RunSpec) -> dict[str, str]:
    """Return hashes of the code of a run's loaders, model, encoders, losses, strategy and analysis.

    Names that are not registered are left out.
    """
    wanted = [(DATASETS, component.loader.name) for component in spec.components]
    wanted.append((MODELS, spec.model.name))
    wanted += [(ENCODERS, encoder.name) for encoder in spec.encoders.values()]
    wanted += [(LOSSES, loss.name) for loss in spec.losses.values()]
    wanted.append((STRATEGIES, spec.strategy.name))
    wanted += [(ANALYSES, spec.analysis.name)] if spec.analysis else []
    wanted += [(SCENARIOS, spec.change.name)] if spec.change else []
    return {f"{kind.kind} {name}": _hash(kind, name) for kind, name in wanted if name in kind}


def check_plugins(spec: RunSpec) -> None:
    """Refuse to compute a run one of whose plug-ins was edited after the run was planned.

    Raises:
        UsageError: The code that is loaded is not the code the run's fingerprint names.
        UnknownNameError: The plug-in is not loaded.
    """
    wanted = [(DATASETS, component.loader) for component in spec.components]
    wanted += [(MODELS, spec.model), (STRATEGIES, spec.strategy)]
    wanted += [(ENCODERS, one) for one in spec.encoders.values()]
    wanted += [(LOSSES, one) for one in spec.losses.values()]
    for registry, ref in wanted:
        if source_of(registry, ref.name, ref.config) != ref.source:
            raise UsageError(
                f"the code of {registry.kind} {ref.name!r} has changed since the run was planned",
                "run the same command again",
            )


def checkpoint_key(spec: RunSpec) -> str:
    """Name the code a checkpoint goes with: no run may go on with weights of other source.

    Returns:
        A hash of the run's sources and of torch's version.
    """
    body = {**run_sources(spec), "torch": metadata.version("torch")}
    return hashlib.sha256(canonical_json(body).encode()).hexdigest()[:16]


def is_stale(spec: RunSpec, result: Mapping[str, Any]) -> bool:
    """Tell whether a stored result was made by other source than is here now.

    Its ``result_version`` is the same, else the fingerprint would differ: somebody changed code and
    held that numbers stay the same.

    Args:
        spec: The run.
        result: As of ``RunStore.plain``.
    """
    recorded = result["provenance"].get("sources", {})
    # What a result does not record, e.g. one of an earlier version, tells nothing.
    return any(recorded.get(name, now) != now for name, now in run_sources(spec).items())


def _hash(registry: Registry, name: str) -> str:
    entry = registry.entry(name)
    return entry.source or source_hash(entry.target.partition(":")[0])
