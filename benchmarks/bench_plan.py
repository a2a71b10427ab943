"""Time of planning 10,000 runs: load the manifest, expand it, ask the store.

python benchmarks/bench_plan.py [RUNS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmark.cli.plan import Wanted, make_plan
from benchmark.core.paths import Paths, shipped
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.selection import Request
from benchmark.store.runs import RunStore

ROWS, FOLDS = 10, 5


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seeds = list(range(runs // (ROWS * FOLDS)))
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        start = time.perf_counter()
        manifest = load_manifest(shipped("manifests") / "suite" / "quickstart.yaml")
        loaded = time.perf_counter()
        request = Request(context=DataContext(Paths(cache)), overrides={"seeds": str(seeds)})
        found = expand(manifest, request)
        expanded = time.perf_counter()
        plan = make_plan([found], RunStore(cache), 2, Wanted())
        planned = time.perf_counter()
    print(f"runs     {len(plan['runs'])}")
    print(f"load     {loaded - start:.2f} s")
    print(f"expand   {expanded - loaded:.2f} s")
    print(f"store    {planned - expanded:.2f} s (empty)")
    print(f"together {planned - start:.2f} s")


if __name__ == "__main__":
    main()
