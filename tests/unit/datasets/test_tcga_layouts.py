"""Other open downloads, as miniature copies of their layouts; every value is made up."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.datasets.tcga.config import TCGAConfig
from benchmark.datasets.tcga.dataset import TCGA
from benchmark.datasets.tcga.xena import EXPRESSION, SURVIVAL

CASES = [f"TCGA-AA-000{k}" for k in range(4)]


def _write(folder: Path, name: str, rows: list[list[object]], head: str = "") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + "".join("\t".join(map(str, row)) + "\n" for row in rows))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "cbioportal" / "blca_tcga_pan_can_atlas_2018"
    _write(
        folder,
        "data_clinical_patient.txt",
        [
            ["PATIENT_ID", "SUBTYPE", "AGE", "SEX", "OS_STATUS", "OS_MONTHS"],
            [CASES[0], "", 70, "Male", "1:DECEASED", 12.5],
            [CASES[1], "", "", "Female", "0:LIVING", 30],
            [CASES[2], "", 50, "Female", "DECEASED", 3],
            [CASES[3], "", 61, "Male", "", ""],
        ],
        head="#Patient\tSubtype\n#text\ttext\n#STRING\tSTRING\n#1\t1\n",
    )
    samples = [f"{case}-01" for case in CASES[:3]]
    _write(
        folder,
        "data_mrna_seq_v2_rsem.txt",
        [
            ["Hugo_Symbol", "Entrez_Gene_Id", *samples, f"{CASES[3]}-11"],
            ["A", 1, 0, 1, 3, 9],
            ["", 2, 5, 5, 5, 9],
            ["B", 3, 7, -1, 15, 9],
            ["A", 4, 8, 8, 8, 9],
        ],
    )
    _write(folder, "data_cna.txt", [["Hugo_Symbol", *samples[:2]], ["A", -2, 1], ["C", "", 0]])
    _write(
        folder,
        "data_mutations.txt",
        [
            ["Hugo_Symbol", "Chromosome", "Tumor_Sample_Barcode"],
            ["TP53", "17 #2", samples[0]],
            ["TP53", 17, samples[0]],
            ["KRAS", 12, f"{CASES[1]}-06"],
        ],
        head="#version 2.4\n",
    )
    _write(
        folder,
        "case_lists/cases_sequenced.txt",
        [["stable_id: x"], [f"case_list_ids: {samples[0]}", samples[2]]],
    )
    return folder


def _context(folder: Path) -> DataContext:
    return DataContext(Paths(cache=folder / "cache", releases={"tcga": folder}))


def _load(folder: Path, omics: str) -> TCGA:
    return TCGA(TCGAConfig.parse({"cancer": "blca", "omics": omics}), _context(folder))


def test_cbioportal(study: Path, tmp_path: Path) -> None:
    dataset = _load(tmp_path, "cbioportal")
    samples = dataset.samples
    assert samples["sample_id"].tolist() == CASES[:3], "the fourth has no time and no tumour"
    assert samples["target:os:event"].tolist() == [1, 0, 1]
    assert samples["target:os:time"].tolist() == [12.5, 30, 3]
    assert dataset.features["rna"] == ("A", "B")
    assert dataset.values["rna"].tolist() == [[0, 3], [1, 0], [2, 4]]
    assert samples["observed:cnv"].tolist() == [True, True, False]
    assert dataset.values["cnv"].tolist() == [[-2, 0], [1, 0], [0, 0]]
    assert dataset.features["mutation"] == ("TP53",)
    assert samples["observed:mutation"].tolist() == [True, False, True]
    assert dataset.values["mutation"].tolist() == [[1], [0], [0]]
    np.testing.assert_array_equal(dataset.values["clinical"], [[70, 0], [np.nan, 1], [50, 1]])
    assert dataset.release.source == "partial"


def test_cbioportal_prefers_z_scores(study: Path, tmp_path: Path) -> None:
    before = _load(tmp_path, "cbioportal").release.fingerprint
    _write(
        study,
        "data_mrna_seq_v2_rsem_zscores_ref_all_samples.txt",
        [["Hugo_Symbol", "Entrez_Gene_Id", f"{CASES[0]}-01"], ["A", 1, 900.0]],
    )
    dataset = _load(tmp_path, "cbioportal")
    assert dataset.values["rna"].ravel().tolist() == [900.0, 0.0, 0.0]
    assert dataset.samples["observed:rna"].tolist() == [True, False, False]
    assert dataset.release.fingerprint != before


def test_cbioportal_that_does_not_hold(study: Path, tmp_path: Path) -> None:
    path = study / "data_clinical_patient.txt"
    text = path.read_text()
    path.write_text(text.replace("0:LIVING", "0:LOST"))
    with pytest.raises(DataError, match="OS_STATUS 'LOST' is neither DECEASED nor LIVING"):
        _load(tmp_path, "cbioportal")
    path.write_text(text.replace("OS_MONTHS", "MONTHS"))
    with pytest.raises(DataError, match="has no column 'OS_MONTHS'"):
        _load(tmp_path, "cbioportal")
    path.unlink()
    with pytest.raises(DataNotAvailable, match=r"omics: cbioportal needs .*data_clinical_patient"):
        _load(tmp_path, "cbioportal")


def test_xena(tmp_path: Path) -> None:
    age, kind = "age_at_initial_pathologic_diagnosis", "cancer type abbreviation"
    _write(
        tmp_path / "xena",
        SURVIVAL,
        [
            ["sample", "_PATIENT", kind, age, "gender", "OS", "OS.time", "Redaction"],
            [f"{CASES[0]}-01", CASES[0], "BLCA", 70, "MALE", 1, 304.4, ""],
            [f"{CASES[0]}-11", CASES[0], "BLCA", 70, "MALE", 1, 304.4, ""],
            [f"{CASES[1]}-01", CASES[1], "BLCA", 66, "FEMALE", 0, 30.44, ""],
            [f"{CASES[2]}-01", CASES[2], "LUAD", 50, "FEMALE", 0, 100, ""],
            [f"{CASES[3]}-01", CASES[3], "BLCA", 50, "FEMALE", "", "", ""],
        ],
    )
    samples = [f"{CASES[0]}-11", *(f"{case}-01" for case in CASES)]
    _write(
        tmp_path / "xena",
        EXPRESSION,
        [["sample", *samples], ["A", 9, 1, 2, 3, 4], ["B", 9, 5, "NA", 7, 8]],
    )
    dataset = _load(tmp_path, "xena")
    assert dataset.samples["sample_id"].tolist() == CASES[:2]
    assert dataset.samples["target:os:time"].tolist() == pytest.approx([10, 1])
    assert dataset.samples["target:os:event"].tolist() == [1, 0]
    assert dataset.values["rna"][0].tolist() == [1, 5]
    assert dataset.values["rna"][1, 0] == 2
    assert math.isnan(dataset.values["rna"][1, 1])
    rna = dataset.control_features(np.arange(2), dataset.fit(np.arange(2)))["rna"]
    assert rna.tolist() == [[-1, 0], [1, 0]], "log values are standardised, gaps are the mean"
    assert not dataset.samples["observed:cnv"].any()
    (tmp_path / "xena" / EXPRESSION).unlink()
    with pytest.raises(DataNotAvailable, match=r"omics: xena needs Survival_.* and EB"):
        _load(tmp_path, "xena")


def _mmp(folder: Path) -> None:
    head = "slide_id,case_id,sex,os_censorship,os_survival_days,pfi_censorship"
    head += ",age_at_initial_pathologic_diagnosis,vital_status\n"
    rows = [
        f"a,{CASES[0]},M,0.0,304.4,0,63.0,Dead",
        f"b,{CASES[0]},M,0.0,304.4,0,63.0,Dead",
        f"c,{CASES[1]},F,1.0,913.2,1,,Alive",
        f"d,{CASES[2]},F,,,1,50.0,Alive",
        f"e,{CASES[3]},M,1.0,30.44,1,71.0,Alive",
    ]
    for k in (0, 1):
        for part, chosen in (("train", rows[k:]), ("test", rows[:k])):
            path = folder / "splits" / "mmp_blca" / f"TCGA_BLCA_overall_survival_k={k}"
            path.mkdir(parents=True, exist_ok=True)
            (path / f"{part}.csv").write_text(head + "".join(f"{row}\n" for row in chosen))
    rna = folder / "omics" / "mmp" / "blca"
    rna.mkdir(parents=True)
    lines = [f"{case},{k},{-k}" for k, case in enumerate([*CASES[:3], "TCGA-ZZ-0009"])]
    (rna / "rna_clean.csv").write_text("\n".join([",A,B", *lines]) + "\n")


def test_mmp_folds_and_survpath_expression(tmp_path: Path) -> None:
    _mmp(tmp_path)
    dataset = _load(tmp_path, "mmp")
    samples = dataset.samples
    assert samples["sample_id"].tolist() == CASES[:2], "no time, no expression, no fold: left out"
    assert samples["target:os:event"].tolist() == [1, 0]
    assert samples["target:os:time"].tolist() == pytest.approx([10, 30])
    assert dataset.values["rna"].tolist() == [[0, 0], [1, -1]]
    assert not dataset._rna_is_zscore
    assert dataset.values["clinical"][0].tolist() == [63, 0]
    assert np.isnan(dataset.values["clinical"][1, 0])
    assert dataset.release.source == "partial"
    digests = TCGA.split_digests(dataset.config, _context(tmp_path), "mmp_blca")
    assert len(set(digests)) == 2


def test_mmp_says_what_is_missing_or_does_not_agree(tmp_path: Path) -> None:
    with pytest.raises(DataNotAvailable, match=r"mmp needs .*rna_clean.csv and folders with"):
        _load(tmp_path, "mmp")
    _mmp(tmp_path)
    path = tmp_path / "splits" / "mmp_blca" / "TCGA_BLCA_overall_survival_k=1" / "test.csv"
    text = path.read_text()
    path.write_text(text.replace("304.4", "305"))
    with pytest.raises(DataError, match=f"case '{CASES[0]}' differ in 'os_survival_days'"):
        _load(tmp_path, "mmp")
    path.write_text(text.replace("sex", "gender"))
    with pytest.raises(DataError, match="has no column 'sex'"):
        _load(tmp_path, "mmp")
