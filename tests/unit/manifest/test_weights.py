"""Pretrained weights at planning: found, hashed, part of the run's name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.analysis.captions import changed as set_by_hand
from benchmark.cli._planned import runs_to_keep
from benchmark.core.errors import UsageError
from benchmark.core.paths import Paths
from benchmark.core.result import Failure, RunResult
from benchmark.core.spec import Ref
from benchmark.datasets._base import DataContext
from benchmark.manifest import tables
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.schema import Manifest
from benchmark.manifest.selection import Request
from benchmark.manifest.weights import WeightsMissing, weights_of
from benchmark.store.runs import RunStore

Make = Callable[..., Expansion]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file of weights."""
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "vit.safetensors").write_bytes(b"tensors")
    return folder


@pytest.fixture
def make(load: Callable[[str], Manifest], good: str, context: DataContext, folder: Path) -> Make:
    """Expand the good manifest with pretrained encoders, with or without the folder."""

    def expand_text(
        files: tuple[str, str], where: Path | None = folder, **fields: object
    ) -> Expansion:
        one, other = files
        encoders = f"{{x: {{name: vit, pretrained: {one}}}, y: {{name: vit, pretrained: {other}}}}}"
        text = good.replace('{"*": {name: mlp}}', encoders)
        here = replace(context, paths=replace(context.paths, weights=where))
        return expand(load(text), Request(context=here, **fields))  # type: ignore[arg-type]

    return expand_text


def test_hashed_once_per_file_and_part_of_the_fingerprint(make: Make, folder: Path) -> None:
    files = ("vit.safetensors", "vit.safetensors")
    prior, *_, early = make(files).runs
    digest = hashlib.sha256(b"tensors").hexdigest()
    assert early.spec.weights == {"vit.safetensors": digest}
    assert prior.spec.weights == {}
    (folder / "vit.safetensors").write_bytes(b"other tensors")
    changed = make(files).runs[-1]
    assert changed.spec.fingerprint != early.spec.fingerprint


def test_all_files_that_lack_are_named_with_their_folder(make: Make, folder: Path) -> None:
    with pytest.raises(WeightsMissing) as caught:
        make(("b.pt", "a.pth"))
    assert caught.value.message == f"pretrained weights are missing: a.pth, b.pt in {folder}"
    for part in ("MMBENCH_WEIGHTS", "--set 'encoders.*.pretrained=null'"):
        assert part in caught.value.hint
    with pytest.raises(WeightsMissing, match="no folder of pretrained weights is set, and a"):
        make(("a.pth", "vit.safetensors"), where=None)


def test_rows_that_need_none_can_be_planned_without(
    make: Make, load: Callable[[str], Manifest], good: str, context: DataContext
) -> None:
    text = good.replace("{name: mlp}", "{name: vit, pretrained: a.pth}")
    found = expand(load(text), Request(context=context), need_weights=False)
    assert {use.row for run in found.runs for use in run.uses} == {"prior"}
    assert found.no_weights == ("a.pth",)


def test_without_them_it_is_another_run_and_no_row_of_the_table(make: Make) -> None:
    files = ("vit.safetensors", "vit.safetensors")
    without = make(files, where=None, overrides={"encoders.*.pretrained": "null"})
    assert without.runs[-1].spec.weights == {}
    assert without.runs[-1].spec.fingerprint != make(files).runs[-1].spec.fingerprint
    assert set_by_hand(without) == ("encoders.*.pretrained=null",)


@pytest.mark.parametrize("name", ["/etc/passwd.pt", "../up.pt", "notes.txt", "vit"])
def test_names_that_are_no_files_of_weights(paths: Paths, name: str) -> None:
    with pytest.raises(UsageError, match="is not the name of a file of weights"):
        weights_of({"x": Ref(name="vit", config={"pretrained": name})}, paths)


def test_stored_runs_with_weights_that_are_not_here_are_not_garbage(
    make: Make, tmp_path: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ("vit.safetensors", "vit.safetensors")
    spec = make(files).runs[-1].spec
    store = RunStore(paths.cache)
    for one in (spec, spec.model_copy(update={"weights": {}, "seed": 77})):
        store.write(RunResult(spec=one, status="error", failure=Failure(type="X", message="x")))
    monkeypatch.setattr(tables, "all_tables", list)
    keep = runs_to_keep(store, paths, [tmp_path / "f.yaml"])
    assert spec.fingerprint in keep
    assert len(set(store.fingerprints()) - keep) == 1
