"""The TCGA loader on made-up cohorts; ``test_tcga_real.py`` has the facts of the open tables."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.core.spec import SplitSpec
from benchmark.datasets._base import DataContext
from benchmark.datasets.tcga.config import MODALITIES, TCGAConfig
from benchmark.datasets.tcga.dataset import TCGA
from benchmark.splits import make_split
from benchmark.splits.case_lists import find_case_lists


def _context(folder: Path, **more: Any) -> DataContext:
    return DataContext(Paths(cache=folder / "cache", releases={"tcga": folder}), **more)


def _load(release: Path, table: str, **options: Any) -> TCGA:
    return TCGA(TCGAConfig.parse({"cancer": table, **options}), _context(release / "tcga" / table))


@pytest.fixture
def luad(tcga_release: Path, tmp_path: Path) -> Path:
    """A copy of the lung cohort to break."""
    shutil.copytree(tcga_release / "tcga" / "luad", tmp_path / "luad")
    return tmp_path / "luad"


def _omics(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "omics" / "tcga_luad_all_clean.csv.zip", low_memory=False)


def _rewrite(folder: Path, table: pd.DataFrame) -> TCGA:
    table.to_csv(folder / "omics" / "tcga_luad_all_clean.csv.zip", index=False)
    return TCGA(TCGAConfig.parse({"cancer": "luad"}), _context(folder))


def test_one_row_per_patient_with_what_the_slides_say(tcga_release: Path) -> None:
    dataset = _load(tcga_release, "luad")
    table = _omics(tcga_release / "tcga" / "luad")
    assert len(table) == 90
    assert len(dataset.samples) == table["case_id"].nunique() == 80
    assert dataset.samples["sample_id"].tolist() == sorted(table["case_id"].unique())
    for row in (0, 40, 79):
        raw = table[table["case_id"] == dataset.samples["sample_id"][row]].iloc[0]
        assert dataset.samples["target:os:time"][row] == raw["survival_months"]
        assert dataset.samples["target:os:event"][row] == 1 - raw["censorship"]
        assert dataset.values["rna"][row].tolist() == raw[list(dataset.features["rna"])].tolist()


def test_modalities_and_widths(tcga_release: Path) -> None:
    dataset = _load(tcga_release, "luad", report_width=6)
    widths = {one.name: one.shape[0] for one in dataset.component.modalities}
    assert widths == {
        "rna": 30, "cnv": 12, "mutation": 9, "wsi": 20, "report": 6, "clinical": 2,
    }  # fmt: skip
    kinds = {one.name: one.kind for one in dataset.component.modalities}
    assert set(kinds.values()) == {"vector", "text"}
    assert kinds["report"] == "text"


def test_only_named_columns_are_input(tcga_release: Path) -> None:
    """Scores, sites, survival and index columns are none, though some are numbers."""
    dataset = _load(tcga_release, "luad")
    endings = {"rna": "_rnaseq", "cnv": "_cnv", "mutation": "_mut", "wsi": "_HE"}
    for name, ending in endings.items():
        assert all(one.endswith(ending) for one in dataset.features[name])
    assert dataset.features["clinical"] == ("age", "female")
    slides = pd.read_csv(
        tcga_release / "tcga" / "luad" / "wsi_features" / "luad_hif_by_case.csv.gz"
    )
    assert "HRD_Score" in slides
    assert len(dataset.features["wsi"]) == len(slides.columns) - 2


def test_complete_cohort_has_every_modality_there_is(tcga_release: Path) -> None:
    everyone, complete = (_load(tcga_release, "luad", cohort=one) for one in ("all", "complete"))
    flags = everyone.samples[[f"observed:{name}" for name in MODALITIES]].all(axis=1)
    assert 0 < flags.sum() < len(flags)
    expected = everyone.samples.loc[flags, "sample_id"].tolist()
    assert complete.samples["sample_id"].tolist() == expected
    assert everyone.release.cohort != complete.release.cohort


def test_a_cohort_without_rna_is_a_missing_modality(tcga_release: Path) -> None:
    dataset = _load(tcga_release, "ucec")
    assert not dataset.samples["observed:rna"].any()
    assert dataset.samples["observed:mutation"].all()
    rows = np.arange(len(dataset.samples))
    tensors = dataset.tensors(rows, dataset.fit(rows[:30]))
    assert tensors["rna"].values.shape == (50, 1)
    assert tensors["rna"].values.count_nonzero() == 0
    assert len(_load(tcga_release, "ucec", cohort="complete").samples) > 30


def test_lgg_is_gbmlgg_without_glioblastoma(tcga_release: Path, tmp_path: Path) -> None:
    both = _load(tcga_release, "gbmlgg")
    folder = tcga_release / "tcga" / "gbmlgg"
    lgg = TCGA(TCGAConfig.parse({"cancer": "lgg"}), _context(folder))
    assert (len(both.samples), len(lgg.samples)) == (72, 60)
    assert set(lgg.samples["sample_id"]) < set(both.samples["sample_id"])


def test_rna_outliers_are_clipped_and_training_rows_standardised(tcga_release: Path) -> None:
    dataset = _load(tcga_release, "luad")
    assert np.abs(dataset.values["rna"]).max() > 1000
    train = np.arange(60)
    rna = dataset.control_features(np.arange(80), dataset.fit(train))["rna"]
    assert np.abs(rna).max() <= 5
    np.testing.assert_allclose(rna[:60].std(axis=0), 1, atol=0.1)
    np.testing.assert_allclose(rna[:60].mean(axis=0), 0, atol=0.1)


def test_missing_age_becomes_the_training_mean(luad: Path) -> None:
    table = _omics(luad)
    first = table["case_id"].min()
    table.loc[table["case_id"] == first, "age"] = np.nan
    dataset = _rewrite(luad, table)
    clinical = dataset.control_features(np.arange(80), dataset.fit(np.arange(60)))["clinical"]
    assert clinical[0, 0] == 0.0
    assert clinical[0, 1] != 0.0
    assert dataset.samples["observed:clinical"].all()


def test_slides_that_disagree_about_their_patient(luad: Path) -> None:
    table = _omics(luad)
    twice = table.index[table["case_id"].duplicated()][0]
    column = next(name for name in table if name.endswith("_rnaseq"))
    table.loc[twice, column] += 1
    case = table["case_id"][twice]
    with pytest.raises(DataError, match=f"rows of case '{case}' differ in '{column}'\nmolecular"):
        _rewrite(luad, table)


def test_patients_without_a_time_are_left_out(luad: Path) -> None:
    table = _omics(luad)
    cases = sorted(table["case_id"].unique())
    table.loc[table["case_id"] == cases[0], "survival_months"] = 0
    table.loc[table["case_id"] == cases[1], "survival_months"] = np.nan
    assert _rewrite(luad, table).samples["sample_id"].tolist() == cases[2:]


def test_tables_that_are_not_what_they_should_be(luad: Path) -> None:
    table = _omics(luad)
    with pytest.raises(DataError, match="has no column 'censorship'"):
        _rewrite(luad, table.drop(columns="censorship"))
    with pytest.raises(DataError, match=r"an event is -1.0, neither 0 nor 1"):
        _rewrite(luad, table.assign(censorship=2.0))


def test_no_folder_and_no_table(tmp_path: Path) -> None:
    config = TCGAConfig()
    for source in ("real", "partial"):
        with pytest.raises(DataNotAvailable, match=r"no data folder is set\nput .*MMBENCH_DATA"):
            TCGA.probe(config, DataContext(Paths(cache=tmp_path), source))
    where = "tcga blca needs .*tcga/omics/tcga_blca_all_clean.csv.zip\nput .*datasets_csv_mutsig"
    (tmp_path / "tcga").mkdir()
    paths = Paths(cache=tmp_path, data=tmp_path)
    with pytest.raises(DataNotAvailable, match=where):
        TCGA.probe(config, DataContext(paths, "real"))
    with pytest.raises(DataNotAvailable, match=where):
        TCGA.probe(config, _context(tmp_path / "tcga"))
    assert TCGA.probe(config, DataContext(paths)).source == "synthetic"


def test_a_table_of_another_size_is_partial(tcga_release: Path) -> None:
    folder = tcga_release / "tcga" / "luad"
    config = TCGAConfig.parse({"cancer": "luad"})
    assert TCGA.probe(config, _context(folder)).source == "partial"
    assert TCGA.probe(config, _context(folder, source="partial")).source == "partial"
    with pytest.raises(DataNotAvailable, match=r"no real form here: .*partial \(80 cases of 453"):
        TCGA.probe(config, _context(folder, source="real"))


def test_fingerprint_follows_content_not_packing(luad: Path) -> None:
    config = TCGAConfig.parse({"cancer": "luad"})
    before = TCGA.probe(config, _context(luad)).fingerprint
    path = luad / "omics" / "tcga_luad_all_clean.csv.zip"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert TCGA.probe(config, _context(luad)).fingerprint == before
    (luad / "reports" / "TCGA_Reports.csv").unlink()
    assert TCGA.probe(config, _context(luad)).fingerprint != before
    assert not TCGA(config, _context(luad)).samples["observed:report"].any()


def test_genes_are_chosen_on_training_rows(tcga_release: Path) -> None:
    dataset = _load(tcga_release, "luad", rna_genes=3)
    assert dataset.component.modality("rna").shape == (3,)
    train, rest = np.arange(60), np.arange(60, 80)
    dataset.values["rna"][train, 7] *= 3
    dataset.values["rna"][rest, 8] *= 1e6
    kept = dataset.fit(train)["rna"].columns.tolist()  # type: ignore[attr-defined]
    assert 7 in kept
    raw = np.clip(dataset.values["rna"][train], -5, 5)
    spread = np.median(np.abs(raw - np.median(raw, axis=0)), axis=0)
    assert set(kept) == set(np.argsort(-spread)[:3])


def test_published_folds(tcga_release: Path) -> None:
    folder = tcga_release / "tcga" / "gbmlgg"
    config, context = TCGAConfig.parse({"cancer": "lgg"}), _context(folder)
    digests = TCGA.split_digests(config, context, "tcga_gbmlgg")
    assert len(set(digests)) == 5
    dataset = TCGA(config, context)
    tested: list[int] = []
    for fold, digest in enumerate(digests):
        spec = SplitSpec(kind="files", fold=fold, digest=digest, stratify="os")
        lists = find_case_lists(folder / "splits", digest)
        parts = make_split(dataset.samples, spec, dataset.component.tasks, lists)
        tested += parts.test.tolist()
        assert parts.warnings == ("split file: 12 of its patients are not in this cohort",)
    assert sorted(tested) == list(range(60))


def test_modalities_dropped_from_all_training_rows(tcga_release: Path) -> None:
    """Reports are raw texts before they are fitted, and chosen genes change the width."""
    dataset = _load(tcga_release, "luad", rna_genes=3, report_width=4)
    rows = np.arange(80)
    observed = dataset.observed(rows)
    for name in ("rna", "report"):
        observed[:, MODALITIES.index(name)] = False
    tensors = dataset.tensors(rows, dataset.fit(rows, observed))
    assert tensors["rna"].values.shape == (80, 3)
    assert tensors["report"].values.shape == (80, 4)
    assert tensors["report"].values.count_nonzero() == 0


def test_generated_when_nothing_is_given(tmp_path: Path) -> None:
    config = TCGAConfig.parse({"cancer": "ucec", "synthetic_size": 50})
    context = DataContext(Paths(cache=tmp_path))
    planned = TCGA.probe(config, context)
    assert not list(tmp_path.iterdir())
    assert not TCGA.is_prepared(config, context)
    TCGA.prepare(config, context)
    assert TCGA.is_prepared(config, context)
    dataset = TCGA(config, context)
    assert dataset.release == planned
    assert (planned.source, len(dataset.samples)) == ("synthetic", 50)
    assert dataset.component == TCGA.describe(config)
    assert len(TCGA.split_digests(config, context, "tcga_ucec")) == 5


@pytest.mark.parametrize("options", [{"omics": "xena"}, {"wsi": "patches"}])
def test_layouts_that_nobody_generates(tmp_path: Path, options: dict[str, str]) -> None:
    with pytest.raises(DataNotAvailable) as caught:
        TCGA.probe(TCGAConfig.parse(options), DataContext(Paths(cache=tmp_path), "synthetic"))
    assert "generates" not in caught.value.hint
