"""Facts of the open tables; runs where MMBENCH_DATA has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmark.core.paths import Paths
from benchmark.core.spec import SplitSpec
from benchmark.datasets._base import DataContext
from benchmark.datasets.tcga.config import TCGAConfig
from benchmark.datasets.tcga.dataset import TCGA
from benchmark.splits import make_split
from benchmark.splits.case_lists import find_case_lists

DATA = Path(os.environ.get("MMBENCH_DATA", ""))

pytestmark = pytest.mark.skipif(
    not (os.environ.get("MMBENCH_DATA") and (DATA / "tcga" / "omics").is_dir()),
    reason="MMBENCH_DATA names no folder with tcga/omics",
)


@pytest.fixture
def context(tmp_path: Path) -> DataContext:
    return DataContext(Paths(cache=tmp_path, data=DATA))


@pytest.mark.parametrize(
    ("cancer", "cohort", "cases", "deaths", "reports", "slides"),
    [
        ("blca", "all", 373, 169, (372, 169), 0),
        ("luad", "all", 453, 158, (332, 127), 408),
        ("luad", "complete", 303, 114, (303, 114), 303),
        ("lgg", "all", 479, 112, (457, 108), 0),
    ],
)
def test_cohorts(
    context: DataContext,
    cancer: str,
    cohort: str,
    cases: int,
    deaths: int,
    reports: tuple[int, int],
    slides: int,
) -> None:
    config = TCGAConfig.parse({"cancer": cancer, "cohort": cohort})
    dataset = TCGA(config, context)
    samples = dataset.samples
    assert (len(samples), samples["target:os:event"].sum()) == (cases, deaths)
    with_report = samples[samples["observed:report"]]
    assert (len(with_report), with_report["target:os:event"].sum()) == reports
    assert samples["observed:wsi"].sum() == slides
    assert dataset.release.source == "real"
    assert dataset.component == TCGA.describe(config)
    assert "HRD_Score" not in dataset.features.get("wsi", ())


def test_published_folds_of_blca(context: DataContext) -> None:
    config = TCGAConfig.parse({"cancer": "blca"})
    dataset = TCGA(config, context)
    tested: list[int] = []
    for fold, digest in enumerate(TCGA.split_digests(config, context, "tcga_blca")):
        lists = find_case_lists(DATA / "tcga" / "splits", digest)
        assert len(lists.train) + len(lists.test) == 373
        spec = SplitSpec(kind="files", fold=fold, digest=digest, stratify="os")
        parts = make_split(dataset.samples, spec, dataset.component.tasks, lists)
        assert parts.warnings == ()
        tested += parts.test.tolist()
        if fold == 0:
            assert (len(parts.train) + len(parts.val), len(parts.test)) == (298, 75)
    assert sorted(tested) == list(range(373))
