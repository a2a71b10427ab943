"""Time the store with many runs: ``python benchmarks/bench_store.py [RUNS]`` (default 10,000)."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmark.core.result import MetricRow, Release, RunResult
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.store import record
from benchmark.store.runs import RunStore
from benchmark.store.verify import verify
from benchmark.store.view import load_view

METRICS = ("acc", "balanced_acc", "auroc_binary", "auprc_ap", "f1_macro", "precision", "recall")


def result(seed: int) -> RunResult:
    component = ComponentSpec(
        dataset="wdbc",
        loader=Ref(name="wdbc"),
        modalities=("mean", "error", "worst"),
        tasks=("diagnosis",),
        data="0" * 64,
    )
    spec = RunSpec(
        components=(component,),
        model=Ref(name=f"model_{seed % 20}", config={"hidden": [64, 64], "dropout": 0.1}),
        encoders={m: Ref(name="mlp", config={"width": 64}) for m in component.modalities},
        losses={"diagnosis": Ref(name="cross_entropy", config={"weights": None})},
        strategy=Ref(name="plain", config={"epochs": 50, "batch_size": 32, "lr": 1e-3}),
        split=SplitSpec(kind="kfold", folds=5, fold=seed % 5, stratify="diagnosis"),
        seed=seed,
    )
    rows = tuple(
        MetricRow(
            part=part, dataset="wdbc", task="diagnosis", head=head, metric=metric,
            value=0.5 + seed * 1e-6, n=114, n_pos=42,
        )
        for part in ("val", "test")
        for head in ("main", "expert:unique")
        for metric in METRICS
    )  # fmt: skip
    release = Release(id="WDBC", version="1995", source="real", fingerprint="0" * 64)
    return RunResult(
        spec=spec,
        status="ok",
        rows=rows,
        releases={"wdbc": release},
        seconds={"data": 0.1, "fit": 2.0, "predict": 0.1, "total": 2.2},
        provenance={"device": "cpu", "host": "host", "packages": {"torch": "2.13.0"}},
        started="2026-01-01T00:00:00+00:00",
    )


def timed(label: str, action: Callable[[], object]) -> object:
    start = time.perf_counter()
    value = action()
    print(f"{label:<42} {time.perf_counter() - start:8.3f} s")
    return value


def fill(store: RunStore, count: int) -> list[str]:
    """Put files in place without fsync, which is timed apart."""
    names = []
    for seed in range(count):
        one = result(seed)
        path = store.path(one.fingerprint)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(record.encode(one))
        names.append(one.fingerprint)
    return names


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        names = fill(store, count)
        size = store.path(names[0]).stat().st_size
        print(f"{count} runs of {size} bytes")
        timed(
            "write 100 runs with fsync", lambda: [store.write(result(seed)) for seed in range(100)]
        )
        timed("statuses of all", lambda: store.statuses(names))
        timed(
            "statuses of as many that are not there", lambda: store.statuses(n[::-1] for n in names)
        )
        import pandas as _  # noqa: F401  (its import is not what is measured)
        import pyarrow.parquet as _pq  # noqa: F401

        timed("view, rebuilt", lambda: load_view(store))
        timed("view, current", lambda: load_view(store))
        for seed in range(count, count + 10):
            store.write(result(seed))
        frame = timed("view, 10 new runs", lambda: load_view(store))
        print(f"{len(frame)} rows, {(store.cache / 'metrics.parquet').stat().st_size / 1e6:.1f} MB")
        timed("read 1000 validated", lambda: [store.read(name) for name in names[:1000]])
        timed("verify all", lambda: verify(store))


if __name__ == "__main__":
    main()
