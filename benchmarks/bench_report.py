"""Time a report from many stored runs: ``python benchmarks/bench_report.py [RUNS]``.

Runs are those of suite/quickstart with more seeds; their results are made up and put in place
without fsync. ``whole command`` is a fresh process, its imports included.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmark.cli.report import tables_of
from benchmark.core.paths import Paths, shipped
from benchmark.core.result import MetricRow, Release, RunResult
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.plan import PlannedRun
from benchmark.manifest.selection import Request
from benchmark.render.formats import FORMATS, render
from benchmark.store import record
from benchmark.store.runs import RunStore

ROWS, FOLDS = 10, 5
METRICS = ("acc", "balanced_acc", "auroc_binary", "auprc_ap", "f1_macro")


def expansion(cache: Path, seeds: str) -> Expansion:
    manifest = load_manifest(shipped("manifests") / "suite" / "quickstart.yaml")
    return expand(manifest, Request(context=DataContext(Paths(cache)), overrides={"seeds": seeds}))


def result(run: PlannedRun, draw: random.Random) -> RunResult:
    rows = tuple(
        MetricRow(part=part, dataset="wdbc", task="diagnosis", metric=metric, value=value, n=114)
        for part in ("val", "test")
        for metric, value in ((one, draw.random()) for one in METRICS)
    )
    release = Release(id="WDBC", version="1995", source="real", fingerprint="0" * 64)
    return RunResult(spec=run.spec, status="ok", rows=rows, releases={"wdbc": release})


def fill(store: RunStore, table: Expansion) -> None:
    draw = random.Random(0)
    for run in table.runs:
        path = store.path(run.spec.fingerprint)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(record.encode(result(run, draw)))


def timed(label: str, start: float) -> None:
    print(f"{label:<34} {time.perf_counter() - start:6.2f} s")


def whole_command(cache: Path, seeds: str) -> None:
    command = [sys.executable, "-c", "from benchmark.cli.app import main; main()"]
    options = ["--cache", str(cache), "--set", f"seeds={seeds}"]
    subprocess.run(
        [*command, "report", "suite/quickstart", *options], check=True, stdout=subprocess.DEVNULL
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seeds = str(list(range(count // (ROWS * FOLDS))))
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        store = RunStore(cache)
        start = time.perf_counter()
        table = expansion(cache, seeds)
        timed(f"load and expand {len(table.runs)} runs", start)
        fill(store, table)
        import pandas as _  # noqa: F401  (its import is not what is measured)
        import pyarrow.parquet as _pq  # noqa: F401

        for label in ("report, view rebuilt", "report, view current"):
            start = time.perf_counter()
            [found] = tables_of([table], store)
            timed(label, start)
        assert all(
            getattr(cell, "complete", False) for row in found.rows for cell in row.cells.values()
        )
        for fmt in FORMATS:
            start = time.perf_counter()
            render(found, fmt)
            timed(f"render {fmt}", start)
        start = time.perf_counter()
        whole_command(cache, seeds)
        timed("whole command, view current", start)


if __name__ == "__main__":
    main()
