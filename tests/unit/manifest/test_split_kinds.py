"""Splits beyond folds: several random ones, and those of files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from benchmark.core.paths import Paths
from benchmark.core.spec import SplitSpec
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext, Dataset
from benchmark.manifest.expand import expand
from benchmark.manifest.frame import SplitSettings
from benchmark.manifest.schema import Manifest
from benchmark.manifest.selection import Request
from benchmark.splits.case_lists import case_list_digest


def test_repeats_have_seeds_of_their_own_and_share_the_first_with_one_split() -> None:
    one = SplitSettings.parse({"kind": "ratio", "stratify": "os", "seed": 3}).specs()
    ten = SplitSettings.parse({"kind": "ratio", "stratify": "os", "seed": 3, "repeats": 10}).specs()
    assert ten[0] == one[0] == SplitSpec(kind="ratio", stratify="os", seed=3)
    assert [split.fold for split in ten] == list(range(10))
    assert len({split.seed for split in ten}) == 10
    assert (
        ten[4]
        == SplitSettings.parse(
            {"kind": "ratio", "stratify": "os", "seed": 3, "repeats": 5}
        ).specs()[4]
    )


def test_files_give_one_split_per_digest() -> None:
    settings = SplitSettings.parse({"kind": "files", "files": "mine", "val_fraction": 0.2})
    first, second = settings.specs(["a" * 64, "b" * 64])
    assert first == SplitSpec(kind="files", fold=0, val_fraction=0.2, digest="a" * 64)
    assert (second.fold, second.digest) == (1, "b" * 64)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"kind": "files"}, "kind 'files' and a folder in 'files' go together"),
        ({"kind": "ratio", "files": "mine"}, "kind 'files' and a folder in 'files' go together"),
        ({"kind": "kfold", "repeats": 3}, "only ratio splits repeat, not kfold"),
        ({"kind": "files", "files": "../mine"}, "String should match pattern"),
        ({"kind": "files", "files": ".."}, "String should match pattern"),
    ],
)
def test_settings_that_do_not_fit(values: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        SplitSettings.parse(values)


@pytest.fixture
def with_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give the toy release a place for split files, as every dataset could have."""
    folder = tmp_path / "splits"
    toy = DATASETS.load("toy")
    digests = Dataset.split_digests.__func__  # type: ignore[attr-defined]
    monkeypatch.setattr(toy, "split_digests", classmethod(digests), raising=False)
    where = classmethod(lambda cls, config, context: folder)
    monkeypatch.setattr(toy, "split_folder", where, raising=False)
    return folder


def _text(good: str, split: str) -> str:
    return good.replace("split: {folds: 2}", f"split: {split}")


def test_runs_name_their_file_by_content(
    with_folder: Path, good: str, load: Callable[[str], Manifest], paths: Paths
) -> None:
    (with_folder / "mine").mkdir(parents=True)
    digests = []
    for fold in range(3):
        path = with_folder / "mine" / f"splits_{fold}.csv"
        path.write_text(f"train,val\nA,B{fold}\n")
        digests.append(case_list_digest(path))
    manifest = load(_text(good, "{kind: files, files: mine}"))
    found = expand(manifest, Request(context=DataContext(paths)))
    assert len(found.runs) == 3 * 2 * 2
    splits = {run.spec.split.fold: run.spec.split.digest for run in found.runs}
    assert [splits[fold] for fold in range(3)] == digests
    assert found.runs[-1].label == "good early toy fold 2 seed 1"


def test_absent_files_make_the_dataset_unavailable(
    with_folder: Path, good: str, load: Callable[[str], Manifest], paths: Paths
) -> None:
    manifest = load(_text(good, "{kind: files, files: mine}"))
    found = expand(manifest, Request(context=DataContext(paths)))
    assert found.runs == ()
    assert [one.dataset for one in found.unavailable] == ["toy"]
    assert str(with_folder / "mine") in found.unavailable[0].reason


def test_random_splits_are_labelled_as_splits(
    good: str, load: Callable[[str], Manifest], paths: Paths
) -> None:
    manifest = load(_text(good, "{kind: ratio, repeats: 4}"))
    found = expand(manifest, Request(context=DataContext(paths), folds=["1-2"], seeds=["0"]))
    labels = [run.label for run in found.runs if "early" in run.label]
    assert labels == ["good early toy split 1 seed 0", "good early toy split 2 seed 0"]
