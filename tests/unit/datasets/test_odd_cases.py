"""Made-up releases hold the odd cases of the real tables, which loaders are tested by."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.core.spec import SplitSpec
from benchmark.datasets._release import truth_folder
from benchmark.splits import make_split

pydicom = pytest.importorskip("pydicom")
SMALL: dict[str, Any] = {"synthetic_size": 60, "image_size": 16}
Root = Callable[[str], Path]


@pytest.fixture(scope="session")
def root(generated: Callable[..., Any]) -> Root:
    """Return the folder of a generated release."""

    def find(name: str) -> Path:
        dataset = generated(name, **SMALL)
        folder: Path = type(dataset).find(dataset.config, dataset.context).root
        return folder

    return find


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_embed_findings(root: Root) -> None:
    tables = root("embed") / "tables"
    clinical = table(tables / "EMBED_OpenData_clinical.csv")
    files = table(tables / "EMBED_OpenData_metadata.csv")
    assert len({*clinical["empi_anon"], *files["empi_anon"]}) == 60
    assert set(clinical["cohort_num"]) == {"1", "2"}
    assert set(clinical["asses"]) == set("NBPSMKAX")
    assert set(clinical["tissueden"]) == {"1.0", "2.0", "3.0", "4.0", "5.0", ""}
    assert set(clinical["path_severity"]) == {*(f"{k}.0" for k in range(7)), ""}
    assert set(clinical["side"]) == {"L", "R", "B", ""}
    per_exam = clinical.groupby("acc_anon")["side"].nunique()
    assert (per_exam > 1).any()
    assert per_exam.max() == 2
    cancers = clinical[clinical["path_severity"].isin(["0.0", "1.0"])]
    days = pd.to_datetime(cancers["procdate_anon"]) - pd.to_datetime(cancers["study_date_anon"])
    assert set(days.dt.days) == {14, -14}
    assert clinical.groupby("empi_anon")["acc_anon"].nunique().between(1, 4).all()
    done = clinical[clinical["procdate_anon"] != ""]
    assert (done["procdate_anon"] > done["study_date_anon"]).any()
    last = clinical.groupby("empi_anon")["study_date_anon"].max()
    assert (last.loc[done["empi_anon"]].to_numpy() > done["procdate_anon"].to_numpy()).any()


def test_embed_files(root: Root) -> None:
    tables = root("embed") / "tables"
    files = table(tables / "EMBED_OpenData_metadata.csv")
    clinical = table(tables / "EMBED_OpenData_clinical.csv")
    assert {"1.0", "0.0", ""} == set(files["spot_mag"])
    assert {"CC", "MLO", "ML"} == set(files["ViewPosition"])
    assert {"2D", "cview"} == set(files["FinalImageType"])
    plain = files[files["spot_mag"] != "1.0"]
    view = ["acc_anon", "FinalImageType", "ViewPosition", "ImageLateralityFinal"]
    assert plain.duplicated(view).any()
    kinds = ["acc_anon", "FinalImageType", "ViewPosition", "ImageLateralityFinal", "spot_mag"]
    assert files.duplicated(kinds).any()
    types = files.groupby("acc_anon")["FinalImageType"].nunique()
    assert (types == 1).any()
    sides = files.groupby("acc_anon")["ImageLateralityFinal"].nunique()
    assert set(types) == set(sides) == {1, 2}
    exams = [set(one["acc_anon"]) for one in (files, clinical)]
    assert exams[0] - exams[1]
    assert exams[1] - exams[0]
    dates = files.merge(clinical, on="acc_anon", suffixes=("", "_report"))
    apart = pd.to_datetime(dates["study_date_anon"]) - pd.to_datetime(
        dates["study_date_anon_report"]
    )
    assert set(apart.dt.days) == {0, 1}
    for name in ("clinical", "metadata"):
        whole, reduced = (
            table(tables / f"EMBED_OpenData_{name}{ending}.csv") for ending in ("", "_reduced")
        )
        assert reduced.equals(whole[list(reduced)])
        assert len(reduced.columns) < len(whole.columns)
    assert len(table(tables / "AWS_Open_Data_Clinical_Legend.csv").columns) == 4


def test_embed_cancers_come_at_every_horizon(root: Root) -> None:
    text = (truth_folder(root("embed")) / "exams.json").read_text(encoding="utf-8")
    exams = json.loads(text)
    assert {0.5, 1.5, 2.5, 3.5, 4.5} <= {round(exam["years_to_cancer"], 1) for exam in exams}
    first = pd.DataFrame(exams).drop_duplicates("patient")["years_to_cancer"].round(1)
    assert set(first) == {0.5, 1.5, 2.5, 3.5, 4.5, 100.0}


def test_rsna(root: Root) -> None:
    train = table(root("rsna") / "train.csv")
    assert set(train["site_id"]) == {"1", "2"}
    assert set(train.loc[train["site_id"] == "2", "density"]) == {""}
    assert set(train.loc[train["site_id"] == "1", "density"]) == set("ABCD")
    assert set(train["BIRADS"]) == {"", "0.0", "1.0", "2.0"}
    sides = train.groupby(["patient_id", "laterality"])["BIRADS"].first().unstack()
    assert ((sides["L"] == "") != (sides["R"] == "")).any()
    assert ((sides["L"] != "") & (sides["R"] == "")).any()
    assert set(train["implant"]) == {"0", "1"}
    assert set(train["view"]) > {"CC", "MLO", "AT", "LM"}
    assert (train["age"] == "").any()
    assert set(train["difficult_negative_case"]) == {"True", "False"}
    assert set(train.groupby("patient_id").size()) == {4, 5}
    assert train["patient_id"].nunique() == 60
    test = table(root("rsna") / "test.csv")
    assert test["patient_id"].nunique() == 2
    assert not set(test["patient_id"]) & set(train["patient_id"])
    assert list(test.columns)[-1] == "prediction_id"
    assert not {"density", "BIRADS", "cancer"} & set(test.columns)


def test_vindr(root: Root) -> None:
    folder = root("vindr")
    breasts = table(folder / "breast-level_annotations.csv")
    assert set(breasts["breast_birads"]) == {f"BI-RADS {k}" for k in range(1, 6)}
    assert set(breasts["breast_density"]) == {f"DENSITY {one}" for one in "ABCD"}
    assert breasts["study_id"].str.fullmatch("[0-9a-f]{32}").all()
    assert breasts["image_id"].str.fullmatch("[0-9a-f]{32}").all()
    parts = breasts.drop_duplicates("study_id")["split"].value_counts()
    assert parts.to_dict() == {"training": 48, "test": 12}
    findings = table(folder / "finding_annotations.csv")
    assert "['No Finding']" in set(findings["finding_categories"])
    assert findings["finding_categories"].str.fullmatch(r"\['[A-Z][A-Za-z ]+'\]").all()
    assert len(table(folder / "metadata.csv")) == len(breasts) == 240
    assert (folder / "SHA256SUMS.txt").read_text(encoding="utf-8").count("images/") == 240


@pytest.mark.parametrize(
    ("name", "sop", "has_view"),
    [("embed", "1.1.1.2", True), ("rsna", "1.1.1.1", False), ("vindr", "1.1.1.2", True)],
)
def test_headers_differ_as_those_of_several_scanners(
    root: Root, name: str, sop: str, has_view: bool
) -> None:
    paths = [one for one in root(name).rglob("*") if one.suffix in (".dcm", ".dicom")]
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in sorted(paths)[:200]]
    kinds = pd.Series([one.PhotometricInterpretation for one in headers]).value_counts(True)
    assert 0.05 < kinds["MONOCHROME1"] < 0.3
    assert {one.BitsStored for one in headers} == {10, 12, 14}
    assert 0 < sum("RescaleSlope" in one for one in headers) < len(headers)
    assert any(one.get("RescaleIntercept", 0) != 0 for one in headers)
    # The loader wants a window of VinDr's files, which all have one.
    assert any("WindowCenter" not in one for one in headers) is (name != "vindr")
    assert any(isinstance(one.get("WindowCenter"), pydicom.multival.MultiValue) for one in headers)
    assert 0 < sum("PixelPaddingValue" in one for one in headers) < len(headers)
    assert all(str(one.SOPClassUID).endswith(sop) for one in headers)
    assert all(("ViewPosition" in one) == has_view for one in headers)
    assert all(("Modality" in one) == has_view for one in headers)
    assert all(one.HighBit == one.BitsStored - 1 for one in headers)
    assert max(path.stat().st_size for path in paths) < 30_000


def test_gamma_folds_have_every_grade(generated: Callable[..., Any]) -> None:
    dataset = generated("gamma", synthetic_size=20, image_size=32)
    tested = []
    for fold in range(5):
        spec = SplitSpec(folds=5, fold=fold, stratify="grade", seed=42)
        parts = make_split(dataset.samples, spec, dataset.component.tasks)
        assert dataset.samples["target:grade"].iloc[parts.test].nunique() == 3
        tested.append(parts.test)
    np.testing.assert_array_equal(np.sort(np.concatenate(tested)), np.arange(20))


def test_gamma_pictures_come_in_two_sizes(generated: Callable[..., Any]) -> None:
    image = pytest.importorskip("PIL.Image")
    dataset = generated("gamma", synthetic_size=20, image_size=32)
    folder = type(dataset).find(dataset.config, dataset.context).root / "Glaucoma_grading"
    sizes = set()
    for path in (folder / "training" / "multi-modality_images").glob("*/*.jpg"):
        with image.open(path) as picture:
            sizes.add(picture.size)
    assert len(sizes) == 2
    assert len(list((folder / "training" / "multi-modality_images").iterdir())) == 20
    assert len(list((folder / "testing" / "multi-modality_images").iterdir())) == 10
    assert not list((folder / "testing").glob("*.xlsx"))
