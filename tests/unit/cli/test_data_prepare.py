"""``mmbench data prepare`` and what runs prepare before they start."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from benchmark.cli._preparing import Lines, prepare_for
from benchmark.cli._work import Asked
from benchmark.cli.data import named_status
from benchmark.cli.data_prepare import prepare_datasets, prepare_named
from benchmark.core.errors import DataError, UnknownNameError, UsageError
from benchmark.core.paths import Paths
from benchmark.core.result import Release, Source
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets import DATASETS
from benchmark.datasets._base import AttritionStep, DataContext, Progress
from benchmark.datasets._release import ReleaseConfig
from benchmark.manifest.plan import PlannedRun

STEPS = (
    AttritionStep("exams", 1200),
    AttritionStep("readable images", 1195, 5, "files that cannot be read"),
)


class Toy:
    """A loader that notes what it is asked to do."""

    calls: ClassVar[list[tuple[str, str, int]]] = []
    done = False

    @classmethod
    def probe(cls, config: ReleaseConfig, context: DataContext) -> Release:
        return Release(
            id="Toy", version="1", source="partial", fingerprint="0" * 64, terms="CC BY 4.0"
        )

    @classmethod
    def prepare(
        cls, config: ReleaseConfig, context: DataContext, jobs: int, progress: Progress
    ) -> None:
        cls.calls.append((config.broken, context.source, jobs))
        progress("images", 0, 3000)
        if config.broken == "fail":
            raise DataError("5 of 3000 images cannot be read", "--skip-broken")
        progress("images", 3000, 3000)
        cls.done = True

    @classmethod
    def is_prepared(cls, config: ReleaseConfig, context: DataContext) -> bool:
        return cls.done

    @classmethod
    def attrition(cls, config: ReleaseConfig, context: DataContext) -> tuple[AttritionStep, ...]:
        return STEPS if cls.done else ()


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the toy in the place of a registered dataset."""
    monkeypatch.setattr(DATASETS, "load", lambda name: Toy)
    monkeypatch.setattr(DATASETS, "config", lambda name: ReleaseConfig)
    yield
    Toy.calls.clear()
    Toy.done = False


def run(dataset: str, source: Source, **options: Any) -> PlannedRun:
    """A planned run on the toy."""
    config = ReleaseConfig(**options).model_dump()
    component = ComponentSpec(
        dataset=dataset,
        loader=Ref(name="tcga", config=config),
        modalities=("a",),
        tasks=("t",),
        data="0" * 64,
    )
    spec = RunSpec(
        components=(component,),
        model=Ref(name="prior"),
        strategy=Ref(name="fit"),
        split=SplitSpec(),
    )
    return PlannedRun(spec=spec, label="a run", sources={dataset: source})


def test_broken_files_fail_or_are_skipped_and_counted(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataError, match="5 of 3000"):
        prepare_datasets(["tcga"], paths, "auto", 3, False, {})
    prepare_datasets(["tcga"], paths, "auto", 3, True, {})
    prepare_datasets(["tcga"], paths, "auto", 3, True, {})
    assert Toy.calls == [("fail", "auto", 3), ("skip", "auto", 3)]
    text, remarks = capsys.readouterr()
    first, *steps = text.splitlines()[:3]
    assert first == "tcga: prepared, partial: Toy"
    assert [one.split() for one in steps] == [
        ["exams", "1,200"],
        ["readable", "images", "1,195", "-5", "files", "that", "cannot", "be", "read"],
    ]
    assert "tcga: was prepared, partial: Toy" in text
    assert "images: 3,000 of 3,000" in remarks


def test_options_that_do_not_fit(paths: Paths) -> None:
    with pytest.raises(UsageError, match="contradict"):
        prepare_datasets(["tcga"], paths, "auto", 1, True, {"broken": "fail"})
    with pytest.raises(UsageError, match="--set borken: unknown key"):
        prepare_datasets(["tcga"], paths, "auto", 1, False, {"borken": "skip"})
    assert not Toy.calls


def test_of_a_table_all_that_its_runs_read(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    monkeypatch.delenv("MMBENCH_DATA", raising=False)
    asked = Asked(
        tables=["suite/tcga"],
        rows=["clinical_only"],
        datasets=["luad", "lgg"],
        overrides=["datasets.*.synthetic_size=30"],
        cache=paths.cache,
    )
    prepare_named(asked, 1, False)
    assert len(list((paths.cache / "data" / "synthetic").glob("tcga-*/omics/*"))) == 2
    assert capsys.readouterr().out.count("tcga: prepared, synthetic") == 2
    with pytest.raises(UnknownNameError, match="unknown dataset or table 'tgca'"):
        prepare_named(replace(asked, tables=["tgca"]), 1, False)


def test_status_of_a_named_dataset(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    named_status(["tcga"], paths, "auto", {}, as_json=False)
    assert "no; mmbench data prepare tcga does it" in capsys.readouterr().out
    Toy.done = True
    named_status(["tcga"], paths, "auto", {}, as_json=False)
    text = capsys.readouterr().out
    assert "prepared  yes" in text
    assert "files that cannot be read" in text
    named_status(["tcga"], paths, "auto", {}, as_json=True)
    (state,) = json.loads(capsys.readouterr().out)
    assert (state["prepared"], state["source"]) == (True, "partial")
    assert state["attrition"][1] == {
        "name": "readable images",
        "kept": 1195,
        "dropped": 5,
        "why": "files that cannot be read",
    }


def test_runs_prepare_each_dataset_once_as_planned(paths: Paths) -> None:
    skip = {"broken": "skip"}
    runs = [
        run("blca", "partial", **skip),
        run("again", "partial", **skip),
        run("larger", "synthetic", synthetic_size=9, **skip),
    ]
    prepare_for(runs[:2], paths, "auto", 4)
    assert Toy.calls == [("skip", "partial", 4)]
    Toy.done = False
    prepare_for(runs[2:], paths, "auto", 4)
    assert Toy.calls[1:] == [("skip", "synthetic", 4)]


def test_lines_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for done in range(1001):
        lines("images", done, 1000)
    lines("masks", 0, 1)
    text = capsys.readouterr().err
    assert text.splitlines() == ["  images: 0 of 1,000", "  images: 1,000 of 1,000", "  masks"]


def test_a_generated_release_is_written_before_workers_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    loader = DATASETS.ref("tcga", {"cancer": "ucec", "synthetic_size": 30})
    planned = run("ucec", "synthetic")
    component = planned.spec.components[0].model_copy(update={"loader": loader})
    spec = planned.spec.model_copy(update={"components": (component,)})
    prepare_for([planned.model_copy(update={"spec": spec})], Paths(cache=tmp_path), "auto", 1)
    assert len(list((tmp_path / "data" / "synthetic").glob("tcga-*/omics/*"))) == 1
    assert "preparing tcga" in capsys.readouterr().err


def test_status_knows_what_is_prepared_with_other_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table's demo has another image size than the loader's own."""
    place = Paths(cache=tmp_path)
    named_status(["embed"], place, "synthetic", {}, as_json=False)
    assert "prepared  no; mmbench data prepare embed" in capsys.readouterr().out
    for name in ("embed-0123456789abcdef", "embed-0123456789abcdea.part", "rsna-0123456789abcdef"):
        (tmp_path / "data" / "prepared" / name).mkdir(parents=True)
    named_status(["embed"], place, "synthetic", {}, as_json=False)
    assert "not with these options, but with others (1 in the cache)" in capsys.readouterr().out
