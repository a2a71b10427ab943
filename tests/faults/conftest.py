"""Runs of the toy executor, and a way to start a supervisor in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmark.core.paths import Paths
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.execution.supervisor import SuperviseOptions
from benchmark.manifest.plan import PlannedRun
from benchmark.store.runs import RunStore

MakeRun = Callable[..., PlannedRun]
HERE = Path(__file__).parent

SUPERVISOR = """
import json, sys
from pathlib import Path
from benchmark.core.errors import MMBenchError
from benchmark.core.paths import Paths
from benchmark.execution.supervisor import SuperviseOptions, run_all
from benchmark.manifest.plan import PlannedRun
order = json.load(open(sys.argv[1]))
runs = [PlannedRun.parse(one) for one in order["runs"]]
options = SuperviseOptions(
    paths=Paths(cache=Path(order["cache"])),
    executor="toys:execute",
    jobs=order["jobs"],
    grace=order["grace"],
)
try:
    summary = run_all(runs, options)
except MMBenchError as error:
    sys.exit(str(error))
print(json.dumps({"counts": summary.counts, "interrupted": summary.interrupted}))
"""


@pytest.fixture(autouse=True)
def _toys_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))


@pytest.fixture
def store(paths: Paths) -> RunStore:
    return RunStore(paths.cache)


@pytest.fixture
def make_run() -> MakeRun:
    """Return a maker of planned toy runs."""

    def make(
        act: str = "fine",
        seed: int = 0,
        timeout: float | None = None,
        parents: tuple[str, ...] = (),
        **config: Any,
    ) -> PlannedRun:
        component = ComponentSpec(
            dataset="toy", loader=Ref(name="toy"), modalities=("x",), tasks=("y",), data="toy"
        )
        spec = RunSpec(
            kind="evaluate" if parents else "train",
            components=(component,),
            model=Ref(name="toy", config={"act": act, **config}),
            strategy=Ref(name="plain"),
            split=SplitSpec(),
            seed=seed,
            parents=parents,
        )
        return PlannedRun(spec=spec, label=f"{act} {seed}", timeout=timeout)

    return make


@pytest.fixture
def options(paths: Paths) -> SuperviseOptions:
    return SuperviseOptions(paths=paths, executor="toys:execute", grace=1.0)


@pytest.fixture
def executions(paths: Paths) -> Callable[[], list[str]]:
    """Return the fingerprints executed so far, in order, repeats included."""

    def read() -> list[str]:
        path = paths.cache.parent / "executions"
        return path.read_text().split() if path.exists() else []

    return read


@pytest.fixture
def left_alive(paths: Paths) -> Callable[[], list[int]]:
    """Return processes that the toys started and that still live after a moment."""

    def read() -> list[int]:
        pids = [int(pid) for pid in (paths.cache.parent / "pids").read_text().split()]
        deadline = time.monotonic() + 20
        while (living := [pid for pid in pids if _lives(pid)]) and time.monotonic() < deadline:
            time.sleep(0.05)
        return living

    return read


@pytest.fixture
def supervise(paths: Paths, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts ``run_all`` in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(
        runs: Sequence[PlannedRun], jobs: int = 2, grace: float = 1.0
    ) -> subprocess.Popen[str]:
        order = tmp_path / f"order-{len(started)}.json"
        plan = [json.loads(run.model_dump_json()) for run in runs]
        how = {"cache": str(paths.cache), "jobs": jobs, "grace": grace}
        order.write_text(json.dumps({"runs": plan, **how}))
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, str(order)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
