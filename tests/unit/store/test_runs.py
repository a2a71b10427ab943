from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmark.core.errors import StoreError
from benchmark.core.result import RunResult, Status
from benchmark.store import record
from benchmark.store.runs import RunStore, writable

MakeResult = Callable[..., RunResult]


def test_round_trip(store: RunStore, make_result: MakeResult, predictions: pd.DataFrame) -> None:
    result = make_result()
    assert store.read(result.fingerprint) is None
    assert store.write(result, predictions)
    assert store.read(result.fingerprint) == result
    pd.testing.assert_frame_equal(
        store.read_predictions(result.fingerprint),  # type: ignore[arg-type]
        predictions,
    )
    assert store.path(result.fingerprint).parent.name == result.fingerprint[:2]
    assert store.statuses([result.fingerprint, "0" * 32]) == {result.fingerprint: "ok"}
    assert store.heads([result.fingerprint])[result.fingerprint].limits == {"timeout": 60.0}
    assert list(store.all()) == [result]


def test_a_file_where_the_cache_should_be(
    tmp_path: Path, make_result: MakeResult, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = tmp_path / "file"
    wrong.write_text("mine")
    store = RunStore(wrong)
    assert store.statuses([make_result().fingerprint]) == {}
    assert caplog.text == ""  # one clear error when something is written, not one line per run
    with pytest.raises(StoreError, match="a file is in the way of a folder"):
        store.write(make_result())
    assert wrong.read_text() == "mine"


def test_same_result_same_bytes(store: RunStore, make_result: MakeResult) -> None:
    store.write(make_result())
    first = store.path(make_result().fingerprint).read_bytes()
    store.write(make_result())
    assert store.path(make_result().fingerprint).read_bytes() == first


@pytest.mark.parametrize("kept", ["ok", "diverged"])
@pytest.mark.parametrize("failure", ["error", "killed", "oom", "timeout"])
def test_failure_never_replaces_a_final_result(
    store: RunStore, make_result: MakeResult, kept: Status, failure: Status
) -> None:
    store.write(make_result(status=kept))
    assert not store.write(make_result(status=failure))
    assert store.statuses([make_result().fingerprint]) == {make_result().fingerprint: kept}


def test_result_replaces_a_failure(store: RunStore, make_result: MakeResult) -> None:
    assert store.write(make_result(status="error"))
    assert store.write(make_result(status="oom"))
    assert store.write(make_result(status="ok"))
    assert store.read(make_result().fingerprint) == make_result(status="ok")


def test_predictions_come_before_the_result(
    store: RunStore,
    make_result: MakeResult,
    predictions: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(path: Path, data: bytes) -> None:
        raise StoreError("power cut")

    monkeypatch.setattr("benchmark.store.runs.write_bytes", fail)
    with pytest.raises(StoreError, match="power cut"):
        store.write(make_result(), predictions)
    assert store.read(make_result().fingerprint) is None
    assert store.read_predictions(make_result().fingerprint) is not None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(min_value=0), bit=st.integers(0, 7))
def test_every_flipped_bit_is_noticed(make_result: MakeResult, position: int, bit: int) -> None:
    data = bytearray(record.encode(make_result()))
    data[position % len(data)] ^= 1 << bit
    with pytest.raises(record.CorruptRecord):
        record.decode(bytes(data), make_result().fingerprint)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(length=st.integers(min_value=0))
def test_every_truncation_is_noticed(make_result: MakeResult, length: int) -> None:
    data = record.encode(make_result())
    with pytest.raises(record.CorruptRecord):
        record.decode(data[: length % len(data)], make_result().fingerprint)


def test_bad_file_goes_to_quarantine_and_counts_as_not_done(
    store: RunStore, make_result: MakeResult, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = make_result(1), make_result(2)
    store.write(good)
    store.write(bad)
    store.path(bad.fingerprint).write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        assert list(store.all()) == [good]
    assert "the file is empty" in caplog.text
    assert not store.path(bad.fingerprint).exists()
    [moved] = store.quarantine.iterdir()
    assert moved.name.startswith(bad.fingerprint)
    assert store.write(bad)


def test_file_of_another_run_goes_to_quarantine(store: RunStore, make_result: MakeResult) -> None:
    store.write(make_result(1))
    wrong = store.path(make_result(2).fingerprint)
    wrong.parent.mkdir(parents=True, exist_ok=True)
    store.path(make_result(1).fingerprint).rename(wrong)
    assert store.read(make_result(2).fingerprint) is None
    assert not wrong.exists()


def test_sound_checksum_over_foreign_json_goes_to_quarantine(
    store: RunStore, make_result: MakeResult
) -> None:
    result = make_result()
    store.write(result)
    path = store.path(result.fingerprint)
    body = path.read_bytes().partition(b"\n")[2].replace(b'"rows":', b'"lines":')
    path.write_bytes(record._first_line(body) + body)
    assert store.read(result.fingerprint) is None
    assert list(store.quarantine.iterdir())


def test_newer_schema_asks_to_upgrade_and_stays(store: RunStore, make_result: MakeResult) -> None:
    newer = make_result().model_copy(update={"schema_version": 99})
    store.write(newer)
    for read in (store.read, store.head, store.plain):
        with pytest.raises(StoreError, match="newer than 1 which this mmbench reads\nupgrade"):
            read(newer.fingerprint)
    assert store.path(newer.fingerprint).exists()


def test_older_schema_is_readable(
    store: RunStore, make_result: MakeResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(make_result())
    monkeypatch.setattr("benchmark.store.record.RESULT_SCHEMA", 2)
    assert store.read(make_result().fingerprint) == make_result()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_no_nan_in_the_record(store: RunStore, make_result: MakeResult, number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        store.write(make_result(value=number))
    assert store.read(make_result().fingerprint) is None


def test_unreadable_predictions_are_set_aside(
    store: RunStore, make_result: MakeResult, predictions: pd.DataFrame
) -> None:
    store.write(make_result(), predictions)
    path = store.predictions_path(make_result().fingerprint)
    path.write_bytes(path.read_bytes()[:-5])
    assert store.read_predictions(make_result().fingerprint) is None
    assert not path.exists()
    assert len(list(store.quarantine.iterdir())) == 1


def test_weights_are_kept_beside(store: RunStore, make_result: MakeResult, tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(b"weights")
    store.write(make_result(), weights=tmp_path / "w")
    assert store.has_weights(make_result().fingerprint)
    assert store.weights_path(make_result().fingerprint).read_bytes() == b"weights"


def test_checkpoint_is_removed_with_its_empty_folder(store: RunStore) -> None:
    path = store.checkpoint_path("ab" * 16)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    store.remove_checkpoint("ab" * 16)
    assert not path.parent.exists()
    store.remove_checkpoint("ab" * 16)


def test_stray_files_are_no_runs(store: RunStore, make_result: MakeResult) -> None:
    store.write(make_result())
    folder = store.path(make_result().fingerprint).parent
    (folder / ".tmp~1~h~x.json").write_text("")
    (store.runs / "README").write_text("")
    assert store.fingerprints() == [make_result().fingerprint]


def test_writable_leaves_nothing(store: RunStore) -> None:
    writable(store.cache)
    assert list(store.runs.iterdir()) == []
