"""One-year mortality on the open demo: counts found with pandas alone."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.core.errors import DataError
from benchmark.core.paths import Paths
from benchmark.core.spec import SplitSpec
from benchmark.datasets._base import DataContext
from benchmark.datasets.mimic_mortality_raw.config import MIMICRawMortalityConfig
from benchmark.datasets.mimic_mortality_raw.dataset import MIMICRawMortality
from benchmark.splits import make_split

DEMO = "mimic-iv-clinical-database-demo-2.2"


@pytest.fixture(scope="module")
def root() -> Path:
    folder = Path(os.environ.get("MMBENCH_DATA", "no folder")) / DEMO
    if not folder.is_dir():
        pytest.skip(f"MMBENCH_DATA names no folder with {DEMO}")
    return folder


@pytest.fixture(scope="module")
def demo(root: Path, tmp_path_factory: pytest.TempPathFactory) -> MIMICRawMortality:
    paths = Paths(cache=tmp_path_factory.mktemp("cache"), data=root.parent)
    return MIMICRawMortality(MIMICRawMortalityConfig(), DataContext(paths, source="partial"))


def _index(root: Path) -> pd.DataFrame:
    """Return the last admission left alive of patients with two or more, and the days to death."""
    visits = pd.read_csv(root / "hosp/admissions.csv.gz", parse_dates=["admittime", "dischtime"])
    people = pd.read_csv(root / "hosp/patients.csv.gz", parse_dates=["dod"])
    table = visits[visits.duplicated("subject_id", keep=False)].merge(people, on="subject_id")
    alive = table[(table["hospital_expire_flag"] == 0) & ~(table["dod"] <= table["dischtime"])]
    last = alive.sort_values("dischtime").drop_duplicates("subject_id", keep="last")
    days = (last["dod"] - last["dischtime"].dt.normalize()).dt.days
    return last.assign(days=days).sort_values("subject_id").reset_index(drop=True)


def test_patients_and_outcome(root: Path, demo: MIMICRawMortality) -> None:
    index = _index(root)
    assert len(index) == 48
    assert demo.samples["sample_id"].tolist() == index["subject_id"].astype(str).tolist()
    dead = (index["days"] <= 365).astype(float)
    np.testing.assert_array_equal(demo.samples["target:mortality_1y"], dead)
    assert dead.sum() == 17
    assert demo.release.source == "partial"
    assert demo.release.version == "demo 2.2"
    assert not demo.release.credentialed
    assert not demo.samples["observed:note"].any()
    assert demo.samples["observed:code"].all()
    assert demo.samples["observed:lab"].sum() == 45


def test_means_and_rows(root: Path, demo: MIMICRawMortality) -> None:
    index = _index(root)
    labs = pd.read_csv(root / "hosp/labevents.csv.gz", low_memory=False, parse_dates=["charttime"])
    near = labs.merge(index[["subject_id", "hadm_id", "admittime", "dischtime"]],
                      on="subject_id", suffixes=("", "_index"))  # fmt: skip
    own = (near["hadm_id"] == near["hadm_id_index"]) | (
        near["hadm_id"].isna() & (near["charttime"] >= near["admittime"])
    )
    near = near[own & (near["charttime"] <= near["dischtime"]) & near["valuenum"].notna()]
    rows = {step.name: step for step in demo.steps}
    assert rows["rows of labevents"].kept == 107_727
    assert rows["rows of chartevents"].kept == 668_862
    used = [step.kept for step in demo.steps if step.name == "of known items"]
    assert used[0] == len(near) == 10_758
    means = near.groupby(["subject_id", "itemid"])["valuenum"].mean()
    charted = demo.found["lab"].nnz - len(means)
    assert charted > 1000
    features = demo.found["lab"].tocsr()
    shown = features.sum()
    chart = pd.read_csv(root / "icu/chartevents.csv.gz", low_memory=False,
                        parse_dates=["charttime"])  # fmt: skip
    joined = chart.merge(index[["hadm_id", "dischtime"]], on="hadm_id")
    joined = joined[(joined["charttime"] <= joined["dischtime"]) & joined["valuenum"].notna()]
    assert used[1] == len(joined)
    both = means.sum() + joined.groupby(["hadm_id", "itemid"])["valuenum"].mean().sum()
    assert shown == pytest.approx(both, rel=1e-5)


def test_patients_stay_in_one_part(demo: MIMICRawMortality) -> None:
    spec = SplitSpec(kind="kfold", folds=5, fold=0, stratify="mortality_1y")
    parts = make_split(demo.samples, spec, demo.component.tasks)
    groups = [set(demo.samples["group_id"].iloc[one])
              for one in (parts.train, parts.val, parts.test)]  # fmt: skip
    assert sum(len(one) for one in groups) == len(set.union(*groups)) == 48


def test_a_table_shorter_than_its_version_is_refused(root: Path, tmp_path: Path) -> None:
    for file in (*root.glob("hosp/*.gz"), *root.glob("icu/*.gz")):
        place = tmp_path / "short" / file.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.name != "labevents.csv.gz":
            place.symlink_to(file)
            continue
        lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
        place.write_bytes(gzip.compress(b"".join(lines[:5000]), 1))
    paths = Paths(cache=tmp_path / "cache", releases={"mimic_icu": tmp_path / "short"})
    with pytest.raises(DataError, match=r"labevents.csv.gz has 4,999 rows, but .* it has 107,727"):
        MIMICRawMortality(MIMICRawMortalityConfig(), DataContext(paths))
