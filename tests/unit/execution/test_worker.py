from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.core.errors import StoreError, UsageError
from benchmark.execution.events import Listener
from benchmark.execution.worker import main
from benchmark.manifest.plan import PlannedRun
from benchmark.store.runs import RunStore

MakeRun = Callable[..., PlannedRun]
MakeBundle = Callable[..., Path]


def test_without_a_supervisor(make_run: MakeRun, make_bundle: MakeBundle, store: RunStore) -> None:
    runs = [make_run(seed, timeout=9.0) for seed in range(3)]
    assert main(make_bundle(*runs, source="synthetic", id="b1")) == 0
    result = store.read(runs[1].spec.fingerprint)
    assert result is not None
    assert result.status == "ok"
    assert result.info == {"device": "cpu", "source": "synthetic"}
    assert result.seconds["fit"] == 0.5
    assert result.seconds["total"] >= 0
    assert result.limits["timeout"] == 9.0
    assert result.provenance["tables"] == ["suite/toy"]
    assert result.provenance["bundle"] == "b1"
    assert result.started <= result.finished
    assert (store.cache / result.log).read_text().endswith("computing 1\n")
    assert not store.checkpoint_path(result.fingerprint).parent.exists()


@pytest.mark.parametrize(
    ("sources", "taken"), [({"toy": "partial"}, "partial"), ({}, "auto"), ({"a": "real"}, "real")]
)
def test_data_is_read_from_the_source_that_was_planned(
    make_run: MakeRun,
    make_bundle: MakeBundle,
    store: RunStore,
    sources: dict[str, str],
    taken: str,
) -> None:
    run = make_run(sources=sources)
    assert main(make_bundle(run, source="auto")) == 0
    result = store.read(run.spec.fingerprint)
    assert result is not None
    assert result.info["source"] == taken


def test_failures_are_stored_and_told(
    make_run: MakeRun, make_bundle: MakeBundle, store: RunStore
) -> None:
    run = make_run()
    assert main(make_bundle(run, executor="broken")) == 3
    result = store.read(run.spec.fingerprint)
    assert result is not None
    assert result.status == "error"
    assert result.failure is not None
    assert (result.failure.type, result.failure.message) == ("RuntimeError", "out of luck")
    assert "unit_executors.py" in result.failure.traceback
    assert "RuntimeError: out of luck" in (store.cache / result.log).read_text()
    assert main(make_bundle(run, executor="fine")) == 0
    assert store.statuses([run.spec.fingerprint]) == {run.spec.fingerprint: "ok"}


def test_events(make_run: MakeRun, make_bundle: MakeBundle) -> None:
    reading, writing = os.pipe()
    listener = Listener(reading)
    run = make_run()
    main(make_bundle(run), writing)
    main(make_bundle(run), writing)
    events = [event for event in listener.read() if event["event"] not in {"alive", "progress"}]
    names = [event["event"] for event in events]
    assert names == ["ready", "start", "end", "done", "ready", "skip", "done"]
    assert events[2]["status"] == events[5]["status"] == "ok"
    os.close(writing)
    listener.close()


def test_store_error_ends_the_worker(
    make_run: MakeRun, make_bundle: MakeBundle, store: RunStore
) -> None:
    reading, writing = os.pipe()
    listener = Listener(reading)
    with pytest.raises(StoreError, match="the disk is full"):
        main(make_bundle(make_run(), executor="no_store"), writing)
    assert listener.read()[-1] == {
        "event": "fatal",
        "message": "the disk is full",
        "hint": "free some space",
        "kind": "StoreError",
    }
    assert store.fingerprints() == []
    os.close(writing)
    listener.close()


def test_weights_are_kept_when_planned(
    make_run: MakeRun, make_bundle: MakeBundle, store: RunStore
) -> None:
    from safetensors.numpy import load_file

    kept, dropped = make_run(1, keep_weights=True), make_run(2)
    main(make_bundle(kept, dropped, executor="weights"))
    weights = load_file(store.weights_path(kept.spec.fingerprint))
    assert weights["w"].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    assert not store.has_weights(dropped.spec.fingerprint)
    head = store.head(kept.spec.fingerprint)
    assert head is not None
    assert set(head.artifacts) == {"weights.safetensors"}
    store.weights_path(kept.spec.fingerprint).unlink()
    main(make_bundle(kept, executor="weights"))
    assert store.has_weights(kept.spec.fingerprint)


def test_force(make_run: MakeRun, make_bundle: MakeBundle, store: RunStore) -> None:
    run = make_run()
    main(make_bundle(run, id="b1"))
    main(make_bundle(run, id="b2", force=True))
    head = store.head(run.spec.fingerprint)
    assert head is not None
    assert head.bundle == "b2"


@pytest.mark.parametrize("text", ["", "{}", '{"runs": 1}'])
def test_no_bundle(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bundle.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="is not a bundle"):
        main(path)
    with pytest.raises(UsageError, match="cannot read bundle"):
        main(tmp_path / "missing.json")


def test_no_executor(make_run: MakeRun, make_bundle: MakeBundle) -> None:
    with pytest.raises(UsageError, match="no executor 'unit_executors:nothing'"):
        main(make_bundle(make_run(), executor="nothing"))
