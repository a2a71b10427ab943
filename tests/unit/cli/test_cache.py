"""``mmbench cache``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.cli.cache import list_cache, verify_cache
from benchmark.cli.list import list_tables
from benchmark.core.paths import Paths
from benchmark.core.result import Failure, RunResult
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.store.runs import RunStore


def run(seed: int) -> RunResult:
    """A failed run."""
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
        seed=seed,
    )
    return RunResult(
        spec=spec,
        status="error",
        failure=Failure(type="ValueError", message="x"),
        provenance={"tables": ["suite/quickstart"]},
    )


@pytest.fixture
def stored(paths: Paths) -> Path:
    """A cache with one failed run; the run's file."""
    store = RunStore(paths.cache)
    store.write(run(0))
    return store.path(run(0).fingerprint)


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


def test_gc_says_what_could_go_and_deletes_only_when_asked(paths: Paths) -> None:
    store = RunStore(paths.cache)
    store.quarantine.mkdir(parents=True)
    bad = store.quarantine / "bad.json.1"
    bad.write_bytes(b"12345")
    words = ["cache", "gc", "--days", "0", "--cache", str(paths.cache)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0
    assert done.stdout == "files in quarantine: 1, 5 B\n5 B could be deleted; --delete does it\n"
    assert bad.exists()
    found = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert [one["path"] for one in found["garbage"]] == [str(bad)]
    assert not found["deleted"]
    assert CliRunner().invoke(app, [*words, "--delete"]).stdout.endswith("deleted: 5 B\n")
    assert not bad.exists()
    assert CliRunner().invoke(app, words).stdout == "nothing to delete\n"


def test_merge_tells_what_it_did(paths: Paths, tmp_path: Path) -> None:
    other = RunStore(tmp_path / "cluster")
    other.write(run(0))
    broken = run(1)
    other.write(broken)
    other.path(broken.fingerprint).write_bytes(b"{}")
    words = ["cache", "merge", str(other.cache), "--cache", str(paths.cache)]
    dry = CliRunner().invoke(app, [*words, "--dry-run"])
    assert dry.exit_code == 1
    assert dry.stdout.splitlines() == [
        f"damaged: {broken.fingerprint}: the checksum does not match",
        "1 damaged, 1 new (nothing was copied)",
    ]
    assert not paths.cache.exists()
    other.path(broken.fingerprint).unlink()
    assert CliRunner().invoke(app, words).stdout == "1 new\n"
    again = CliRunner().invoke(app, words)
    assert (again.exit_code, again.stdout) == (0, "1 known\n")
