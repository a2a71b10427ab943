"""What computes a run: the suite's own training code, or a function named in the bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchmark.core.errors import StoreError, UsageError
from benchmark.core.paths import Paths
from benchmark.core.result import MetricRow, Release
from benchmark.core.spec import RunSpec
from benchmark.store.runs import RunStore

if TYPE_CHECKING:
    from pandas import DataFrame

    from benchmark.measures._base import Parent
    from benchmark.training.execute import ExecutionContext
    from benchmark.training.execute import Outcome as Done

Progress = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Job:
    """Where and how to compute a run.

    Attributes:
        paths: Folders.
        source: Which data a loader may use.
        device: ``cpu``, ``cuda:N`` or ``mps``.
        checkpoint: Where an epoch checkpoint may be kept and found again.
        progress: To be called with a phase (``data``, ``epoch``, ``predict``) and small facts.
    """

    paths: Paths
    source: Literal["auto", "real", "partial", "synthetic"]
    device: str
    checkpoint: Path
    progress: Progress


@dataclass(frozen=True)
class Outcome:
    """What a computed run gives; the worker adds who, where and how long.

    Attributes:
        rows: Metrics.
        releases: Data used, by component name.
        predictions: Validation and test predictions.
        samples: What an analysis found sample by sample.
        weights: Trained parameters by name; stored only if the plan keeps them.
        seconds: Wall time by phase.
        info: Small facts for a reader.
    """

    rows: tuple[MetricRow, ...] = ()
    releases: dict[str, Release] = field(default_factory=dict)
    predictions: DataFrame | None = None
    samples: DataFrame | None = None
    weights: Mapping[str, Any] | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)


Executor = Callable[[RunSpec, Job], Outcome]


def load_executor(name: str = "") -> Executor:
    """Import an executor; this is where torch comes in.

    Args:
        name: ``module:function``; empty for the suite's own.

    Raises:
        UsageError: There is no such function.
    """
    if not name:
        # The libraries of metrics and controls too: else the first run's seconds would hold them.
        for module in ("benchmark.training.execute", "sklearn.linear_model", "xgboost"):
            import_module(module)
        return _suite
    module, _, function = name.partition(":")
    try:
        found: Executor = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"no executor {name!r}: {error}", "give it as module:function") from error
    return found


def _suite(spec: RunSpec, job: Job) -> Outcome:
    from benchmark.execution.sources import check_plugins, checkpoint_key
    from benchmark.training.execute import ExecutionContext

    check_plugins(spec)
    context = ExecutionContext(
        paths=job.paths,
        source=job.source,
        device=job.device,
        checkpoint=job.checkpoint,
        progress=job.progress,
        checkpoint_key=checkpoint_key(spec),
    )
    done = _carry_out(spec, context, job.paths)
    return Outcome(
        rows=done.rows,
        releases=done.releases,
        predictions=done.predictions,
        samples=done.samples,
        weights=done.weights,
        seconds=done.seconds,
        info=done.info,
    )


def _carry_out(spec: RunSpec, context: ExecutionContext, paths: Paths) -> Done:
    if spec.kind == "train":
        from benchmark.training.execute import execute

        return execute(spec, context)
    from benchmark.measures.execute import carry_out

    return carry_out(spec, context, _parents(spec, RunStore(paths.cache)))


def _parents(spec: RunSpec, store: RunStore) -> list[Parent]:
    """Return the stored runs whose weights a run looks at, in the order it names them."""
    from benchmark.measures._base import Parent

    found = []
    for name in spec.parents:
        result, head = store.read(name), store.head(name)
        if result is None or head is None:
            raise StoreError(f"parent run {name} is not stored", "run the same command again")
        weights = store.weights_path(name)
        found.append(Parent(result.spec, weights, head.artifacts.get(weights.name, "")))
    return found
