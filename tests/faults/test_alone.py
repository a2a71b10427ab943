"""Runs that measure the machine have it alone, each in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.core.paths import Paths
from benchmark.execution.observer import Observer
from benchmark.execution.supervisor import SuperviseOptions, run_all
from benchmark.manifest.plan import PlannedRun

TRACER = """
import json, os, time
from benchmark.execution.executor import Outcome

def execute(spec, job):
    begun = time.monotonic()
    time.sleep(0.2)
    with (job.paths.cache.parent / "trace").open("a") as trace:
        line = [spec.seed, spec.device, os.getpid(), begun, time.monotonic()]
        trace.write(json.dumps(line) + "\\n")
    return Outcome()
"""


class _Counting(Observer):
    """Remembers how many runs it was told of."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int]] = []
        self.ended = 0

    def begin(self, total: int, cached: int) -> None:
        self.begun.append((total, cached))

    def finished(self, run: PlannedRun, status: object, message: str) -> None:
        self.ended += 1


def test_measurements_run_one_by_one_after_all_others(
    make_run: Callable[..., PlannedRun],
    paths: Paths,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "tracer.py").write_text(TRACER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    runs = [make_run(seed=seed) for seed in range(4)]
    for index in (0, 2):
        changed = runs[index].spec.model_copy(update={"kind": "measure", "device": "cpu"})
        runs[index] = runs[index].model_copy(update={"spec": changed})
    options = SuperviseOptions(paths=paths, executor="tracer:execute", jobs=2, grace=1.0)
    seen = _Counting()
    summary = run_all(runs, options, seen)
    assert summary.counts == {"ok": 4}
    assert (seen.begun, seen.ended) == ([(4, 0)], 4)
    lines = [json.loads(line) for line in (tmp_path / "trace").read_text().splitlines()]
    shared = [line for line in lines if not line[1]]
    alone = [line for line in lines if line[1]]
    assert [line[0] for line in alone] == [0, 2]
    assert len({line[2] for line in alone}) == 2
    assert not {line[2] for line in alone} & {line[2] for line in shared}
    assert alone[0][3] >= max(line[4] for line in shared)
    assert alone[1][3] >= alone[0][4]
    again = _Counting()
    assert run_all(runs, options, again).cached == 4
    assert again.begun == [(0, 4)]
