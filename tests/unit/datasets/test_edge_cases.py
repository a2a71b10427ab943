"""What generated mammography and eye releases must hold, so that loaders meet it in tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmark.datasets._release import truth_folder

pydicom = pytest.importorskip("pydicom")

SIZES = {"embed": 60, "rsna": 60, "vindr": 60, "gamma": 20}
PIXELS = {"embed": 16, "rsna": 16, "vindr": 16, "gamma": 32}
Root = Callable[[str], Path]


@pytest.fixture(scope="session")
def root(generated: Callable[..., Any]) -> Root:
    """Return ``root(name)``: the folder of a generated release."""

    def find(name: str) -> Path:
        options = {"synthetic_size": SIZES[name], "image_size": PIXELS[name]}
        dataset = generated(name, **options)
        folder: Path = type(dataset).find(dataset.config, dataset.context).root
        return folder

    return find


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_embed_findings(root: Root) -> None:
    folder = root("embed") / "tables"
    clinical = table(folder / "EMBED_OpenData_clinical.csv")
    files = table(folder / "EMBED_OpenData_metadata.csv")
    assert len({*clinical["empi_anon"], *files["empi_anon"]}) == 60
    assert set(clinical["asses"]) == set("NBPSMKAX")
    assert set(clinical["side"]) == {"", "L", "R", "B"}
    assert set(clinical["tissueden"]) == {"", "1.0", "2.0", "3.0", "4.0", "5.0"}
    assert set(clinical["path_severity"]) == {"", *(f"{k}.0" for k in range(7))}
    assert set(clinical["cohort_num"]) == {"1", "2"}
    exams = clinical.groupby("acc_anon")
    assert exams["side"].nunique().max() == 2
    assert set(clinical.groupby("empi_anon")["acc_anon"].nunique()) <= {1, 2, 3, 4}
    cancers = clinical[clinical["path_severity"].isin(["0.0", "1.0"])]
    days = pd.to_datetime(cancers["procdate_anon"]) - pd.to_datetime(cancers["study_date_anon"])
    assert set(days.dt.days) == {14, -14}
    truth = json.loads((truth_folder(root("embed")) / "exams.json").read_text(encoding="utf-8"))
    first = pd.DataFrame(truth).drop_duplicates("patient")["years_to_cancer"].round(1)
    assert set(first) == {0.5, 1.5, 2.5, 3.5, 4.5, 100.0}


def test_embed_files(root: Root) -> None:
    folder = root("embed") / "tables"
    clinical = table(folder / "EMBED_OpenData_clinical.csv")
    files = table(folder / "EMBED_OpenData_metadata.csv")
    assert set(files["FinalImageType"]) == {"2D", "cview"}
    assert set(files["ViewPosition"]) == {"CC", "MLO", "ML"}
    assert {"1.0", "0.0", ""} == set(files["spot_mag"])
    plain = files[files["spot_mag"] != "1.0"]
    view = ["acc_anon", "FinalImageType", "ViewPosition", "ImageLateralityFinal"]
    assert plain.duplicated(view).any()
    types = files.groupby("acc_anon")["FinalImageType"].nunique()
    sides = files.groupby("acc_anon")["ImageLateralityFinal"].nunique()
    assert set(types) == set(sides) == {1, 2}
    assert set(clinical["acc_anon"]) - set(files["acc_anon"])
    assert set(files["acc_anon"]) - set(clinical["acc_anon"])
    both = files.merge(clinical, on="acc_anon", suffixes=("", "_clinical"))
    gap = pd.to_datetime(both["study_date_anon"]) - pd.to_datetime(both["study_date_anon_clinical"])
    assert set(gap.dt.days) == {0, 1}


def test_embed_has_all_five_tables(root: Root) -> None:
    folder = root("embed") / "tables"
    for name in ("clinical", "metadata"):
        full = table(folder / f"EMBED_OpenData_{name}.csv")
        reduced = table(folder / f"EMBED_OpenData_{name}_reduced.csv")
        assert len(reduced.columns) < len(full.columns)
        pd.testing.assert_frame_equal(reduced, full[list(reduced.columns)])
    assert len(table(folder / "AWS_Open_Data_Clinical_Legend.csv").columns) == 4


def test_rsna_rows(root: Root) -> None:
    train = table(root("rsna") / "train.csv")
    assert train["patient_id"].nunique() == 60
    assert set(train.groupby("patient_id").size()) == {4, 5}
    assert set(train["view"]) > {"CC", "MLO", "AT", "LM"}
    assert set(train["site_id"]) == {"1", "2"}
    assert set(train.loc[train["site_id"] == "2", "density"]) == {""}
    assert set(train.loc[train["site_id"] == "1", "density"]) == set("ABCD")
    assert set(train["BIRADS"]) == {"", "0.0", "1.0", "2.0"}
    graded = train.groupby(["patient_id", "laterality"])["BIRADS"].first().ne("").unstack()
    assert (graded["L"] & ~graded["R"]).any()
    assert set(train["implant"]) == {"0", "1"}
    assert "" in set(train["age"])
    assert set(train["difficult_negative_case"]) == {"True", "False"}
    test = table(root("rsna") / "test.csv")
    assert test["patient_id"].nunique() == 2
    assert "BIRADS" not in test.columns
    assert not set(test["patient_id"]) & set(train["patient_id"])


def test_vindr_rows(root: Root) -> None:
    folder = root("vindr")
    breasts = table(folder / "breast-level_annotations.csv")
    assert len(breasts) == 240
    assert set(breasts["breast_birads"]) == {f"BI-RADS {k}" for k in range(1, 6)}
    assert set(breasts["breast_density"]) == {f"DENSITY {k}" for k in "ABCD"}
    assert dict(breasts["split"].value_counts()) == {"training": 192, "test": 48}
    assert breasts["image_id"].str.fullmatch(r"[0-9a-f]{32}").all()
    findings = table(folder / "finding_annotations.csv")
    assert "['No Finding']" in set(findings["finding_categories"])
    assert findings["finding_categories"].str.fullmatch(r"\['[A-Z][A-Za-z ]+'\]").all()
    assert len(table(folder / "metadata.csv")) == 240


def test_gamma_has_unlabelled_cases_beside_labelled_ones(root: Root) -> None:
    grading = root("gamma") / "Glaucoma_grading"
    counts = [len(list((grading / part / "multi-modality_images").iterdir()))
              for part in ("training", "testing")]  # fmt: skip
    assert counts == [20, 10]
    truth = json.loads((truth_folder(root("gamma")) / "cases.json").read_text(encoding="utf-8"))
    assert len({tuple(one["shape"]) for one in truth}) == 2


@pytest.mark.parametrize("name", ["embed", "rsna", "vindr"])
def test_files_differ_as_those_of_several_scanners(root: Root, name: str) -> None:
    paths = [path for path in sorted(root(name).rglob("*.d*m")) if "test_images" not in path.parts]
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in paths[:240]]
    inverted = [one.PhotometricInterpretation == "MONOCHROME1" for one in headers]
    assert 0.1 <= sum(inverted) / len(headers) <= 0.2
    assert {one.BitsStored for one in headers} == {10, 12, 14}
    assert {"RescaleSlope" in one for one in headers} == {True, False}
    assert {"PixelPaddingValue" in one for one in headers} == {True, False}
    windows = [one.get("WindowCenter") for one in headers]
    assert any(isinstance(one, pydicom.multival.MultiValue) for one in windows)
    # Only VinDr's files all have a window; RSNA's know neither view nor modality.
    assert (None in windows) == (name != "vindr")
    assert {"ViewPosition" in one for one in headers} == {name != "rsna"}
    assert {"Modality" in one for one in headers} == {name != "rsna"}
    assert max(path.stat().st_size for path in paths) < 30_000
