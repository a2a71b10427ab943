"""Time what the suite adds to a run: ``python benchmarks/bench_overhead.py [RUNS]``."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.core.paths import Paths
from benchmark.core.result import Status
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.execution.observer import Observer
from benchmark.execution.supervisor import SuperviseOptions, run_all
from benchmark.manifest.plan import PlannedRun


class Stopwatch(Observer):
    def __init__(self) -> None:
        self.first = self.last = 0.0

    def started(self, run: PlannedRun, worker: int) -> None:
        self.first = self.first or time.perf_counter()

    def progress(self, run: PlannedRun, info: Mapping[str, Any]) -> None:
        pass

    def finished(self, run: PlannedRun, status: Status, message: str) -> None:
        self.last = time.perf_counter()


def plan(count: int) -> list[PlannedRun]:
    component = ComponentSpec(
        dataset="toy", loader=Ref(name="toy"), modalities=("x",), tasks=("y",), data="toy"
    )
    specs = (
        RunSpec(
            components=(component,),
            model=Ref(name="noop"),
            strategy=Ref(name="plain"),
            split=SplitSpec(),
            seed=seed,
        )
        for seed in range(count)
    )
    return [PlannedRun(spec=spec, label=f"noop {spec.seed}") for spec in specs]


def measure(count: int, jobs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        options = SuperviseOptions(
            paths=Paths(cache=Path(folder)), executor="noop:execute", jobs=jobs
        )
        watch = Stopwatch()
        begin = time.perf_counter()
        summary = run_all(plan(count), options, watch)
        whole = time.perf_counter() - begin
        assert summary.counts == {"ok": count}
        work = 1000 * (watch.last - watch.first) / count
        print(f"{jobs} worker(s), {count} runs: {work:.1f} ms per run, {whole:.2f} s with start-up")


def main() -> None:
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for jobs in (1, 2):
        measure(count, jobs)


if __name__ == "__main__":
    main()
