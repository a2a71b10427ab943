"""``mmbench cache ls`` and ``verify``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.cli.cache import list_cache, verify_cache
from benchmark.cli.list import list_tables
from benchmark.core.paths import Paths
from benchmark.core.result import Failure, RunResult
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.store.runs import RunStore


@pytest.fixture
def stored(paths: Paths) -> Path:
    """A cache with one failed run; the run's file."""
    component = ComponentSpec(
        dataset="wdbc",
        loader=Ref(name="wdbc"),
        modalities=("mean",),
        tasks=("diagnosis",),
        data="d",
    )
    spec = RunSpec(
        components=(component,),
        model=Ref(name="late_fusion"),
        strategy=Ref(name="plain"),
        split=SplitSpec(folds=5),
    )
    store = RunStore(paths.cache)
    store.write(
        RunResult(
            spec=spec,
            status="error",
            failure=Failure(type="ValueError", message="x"),
            provenance={"tables": ["suite/quickstart"]},
        )
    )
    return store.path(spec.fingerprint)


@pytest.mark.usefixtures("stored")
def test_ls_counts_runs_by_table_model_and_dataset(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    list_cache(paths, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{paths.cache}: ")
    assert lines[0].endswith(", 1 error")
    words = [line.split()[:3] for line in lines]
    assert ["table", "suite/quickstart", "1"] in words
    assert ["model", "late_fusion", "1"] in words
    assert ["dataset", "wdbc", "1"] in words
    list_cache(paths, as_json=True)
    plain = json.loads(capsys.readouterr().out)
    assert plain["runs"] == {"error": 1}
    assert plain["cache"] == str(paths.cache)


def test_ls_of_a_cache_that_does_not_exist(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    list_cache(paths, as_json=False)
    assert capsys.readouterr().out == f"{paths.cache}: 0 B, empty\n"


@pytest.mark.usefixtures("stored")
def test_verify_finds_a_sound_cache_sound(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_cache(paths, as_json=False)
    assert capsys.readouterr().out == "1 stored runs checked\nsound\n"


@pytest.mark.parametrize("as_json", [False, True])
def test_verify_names_what_is_damaged(
    paths: Paths, stored: Path, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    stored.write_bytes(stored.read_bytes().replace(b"ValueError", b"ValueErrox"))
    assert not verify_cache(paths, as_json)
    out = capsys.readouterr().out
    if as_json:
        report = json.loads(out)
        assert report["bad"] == [stored.name.partition(".")[0]]
        assert report["sound"] is False
        assert len(report["quarantined"]) > 0
    else:
        assert f"damaged: {stored.name.partition('.')[0]} moved to quarantine" in out
        assert out.endswith("not sound\n")


@pytest.mark.usefixtures("stored")
def test_list_tells_tables_with_runs(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    list_tables(plain=True, stored_in=Paths(cache=paths.cache / "empty"))
    assert capsys.readouterr().out == ""
    list_tables(plain=True, stored_in=paths)
    assert capsys.readouterr().out.splitlines() == ["suite/quickstart"]
