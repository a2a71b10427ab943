"""One attempt at a run: call the executor, time it, and turn whatever happens into a result."""

from __future__ import annotations

import gc
import sys
import time
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from benchmark.core.environment import provenance
from benchmark.core.errors import StoreError, status_of
from benchmark.core.result import Failure, RunResult, Status
from benchmark.execution.bundle import Bundle
from benchmark.execution.decide import limits_of
from benchmark.execution.executor import Executor, Job, Outcome
from benchmark.execution.sources import run_sources
from benchmark.manifest.plan import PlannedRun


@dataclass(frozen=True)
class Trouble:
    """An exception as text; it keeps no frame and so no tensor alive."""

    status: Status
    failure: Failure


def now() -> str:
    """Return the time in UTC as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def log_name(fingerprint: str) -> str:
    """Return a run's log file relative to the cache folder."""
    return f"logs/{fingerprint}.log"


def attempt(
    run: PlannedRun, bundle: Bundle, executor: Executor, job: Job
) -> tuple[RunResult, Outcome]:
    """Compute a run.

    Returns:
        The result whatever happened, and the outcome (empty after a failure).

    Raises:
        StoreError: The cache cannot be used; no status of the run can be stored either.
        KeyboardInterrupt: As it came.
    """
    started, clock = now(), time.perf_counter()
    outcome, trouble = _call(run, executor, job)
    # Outside of the except block: the exception held the frames, and the frames the tensors.
    if trouble is not None and trouble.status == "oom":
        free_memory()
    total = round(time.perf_counter() - clock, 3)
    base = blank_result(run, bundle, trouble.status if trouble else "ok")
    result = base.model_copy(
        update={
            "rows": outcome.rows,
            "releases": outcome.releases,
            "failure": trouble.failure if trouble else None,
            "seconds": {**outcome.seconds, "total": total},
            "info": outcome.info,
            "started": started,
            "finished": now(),
        }
    )
    return result, outcome


def blank_result(run: PlannedRun, bundle: Bundle, status: Status) -> RunResult:
    """Return a result with everything that is known without computing."""
    return RunResult(
        spec=run.spec,
        status=status,
        limits=limits_of(run.timeout),
        provenance=_provenance(run, bundle),
        log=log_name(run.spec.fingerprint),
    )


def failed(run: PlannedRun, bundle: Bundle, status: Status, failure: Failure) -> RunResult:
    """Return the result of a run that ended without an outcome."""
    result = blank_result(run, bundle, status)
    return result.model_copy(update={"failure": failure, "finished": now()})


def free_memory() -> None:
    """Give cached device memory back, so that the next run of this process can have it."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _call(run: PlannedRun, executor: Executor, job: Job) -> tuple[Outcome, Trouble | None]:
    try:
        return executor(run.spec, job), None
    except (StoreError, KeyboardInterrupt):
        raise
    except SystemExit as error:
        failure = Failure(type="SystemExit", message=f"the run called sys.exit({error.code!r})")
        return Outcome(), Trouble("error", failure)
    except BaseException as error:
        return Outcome(), _describe(error)


def _describe(error: BaseException) -> Trouble:
    failure = Failure(
        type=type(error).__name__,
        message=str(error) or type(error).__name__,
        traceback="".join(traceback.format_exception(error)),
    )
    return Trouble(cast("Status", status_of(error)), failure)


def _provenance(run: PlannedRun, bundle: Bundle) -> dict[str, Any]:
    tables = sorted({use.table for use in run.uses})
    return {
        **provenance(),
        "device": bundle.device,
        "bundle": bundle.id,
        "tables": tables,
        "sources": run_sources(run.spec),
    }
