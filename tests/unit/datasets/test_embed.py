"""The EMBED loader on a made-up release of 60 patients, against what the generator planted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.core.errors import DataError, DataNotAvailable, SplitError
from benchmark.core.paths import Paths
from benchmark.core.spec import SplitSpec
from benchmark.datasets._base import DataContext
from benchmark.datasets._mammography import birads_classes
from benchmark.datasets._release import truth_folder
from benchmark.datasets.embed.config import VIEWS, EmbedConfig
from benchmark.datasets.embed.dataset import Embed
from benchmark.datasets.embed.risk import risk_labels, years_of_follow_up, years_to_cancer
from benchmark.splits import PARTS, make_split

Load = Callable[..., Embed]
SMALL: dict[str, Any] = {"synthetic_size": 60, "image_size": 16}


@pytest.fixture(scope="session")
def load(generated: Callable[..., Any]) -> Load:
    """Return ``load(**options)``."""
    return lambda **options: generated("embed", **{**SMALL, **options})


@pytest.fixture(scope="session")
def root(load: Load) -> Path:
    """The generated release."""
    return Embed.find(EmbedConfig.parse(SMALL), load().context).root


@pytest.fixture(scope="session")
def exams(root: Path) -> pd.DataFrame:
    """What was planted, by exam."""
    text = (truth_folder(root) / "exams.json").read_text(encoding="utf-8")
    return pd.DataFrame(json.loads(text)).set_index("exam")


@pytest.fixture
def copy(load: Load, tmp_path: Path) -> Path:
    """A copy of a release of 12 patients, which a test may spoil; images are links."""
    few = load(synthetic_size=12)
    root = Embed.find(few.config, few.context).root
    target = tmp_path / "EMBED_Open_Data"
    shutil.copytree(root, target, copy_function=_link)
    for table in (target / "tables").iterdir():
        content = table.read_bytes()
        table.unlink()
        table.write_bytes(content)
    return target


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def read(folder: Path, **options: Any) -> Embed:
    return Embed(EmbedConfig.parse({**SMALL, **options}), context_of(folder))


def context_of(folder: Path) -> DataContext:
    return DataContext(Paths(cache=folder.parent / "cache", releases={"embed": folder}))


def edit(folder: Path, table: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    path = folder / "tables" / f"EMBED_OpenData_{table}.csv"
    change(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)


def whole(exams: pd.DataFrame, side: str = "") -> pd.Series[bool]:
    return exams["clinical"] & exams["whole_sides"].map(lambda sides: side in sides and sides != [])


def test_units_are_the_exams_planted_as_whole(load: Load, exams: pd.DataFrame) -> None:
    assert set(load(side="left").samples["sample_id"]) == set(exams.index[whole(exams, "L")])
    assert set(load(side="right").samples["sample_id"]) == set(exams.index[whole(exams, "R")])
    some = exams["clinical"] & exams["whole_sides"].map(bool)
    first = load()
    assert set(first.samples["sample_id"]) == set(exams.index[some])
    assert list(first.samples["group_id"]) == list(exams.loc[first.samples["sample_id"], "patient"])
    both = load(side="both")
    assert len(both.samples) == exams.loc[exams["clinical"], "whole_sides"].map(len).sum()
    screening = load(exams="screening").samples["sample_id"]
    assert set(screening) == set(exams.index[some & ~exams["diagnostic"]])
    assert len(load(exams="diagnostic").samples) == (some & exams["diagnostic"]).sum()


def test_attrition_is_counted_step_by_step(load: Load, root: Path, exams: pd.DataFrame) -> None:
    dataset = load()
    steps = {step.name: step for step in Embed.attrition(dataset.config, dataset.context)}
    assert steps["files"].kept == exams["images"].sum()
    metadata = pd.read_csv(root / "tables" / "EMBED_OpenData_metadata.csv")
    assert steps["C-view or 2D files"].dropped == 0
    assert steps["files in CC or MLO view"].dropped == (metadata["ViewPosition"] == "ML").sum() > 0
    assert steps["files of the full field"].dropped == (metadata["spot_mag"] == 1).sum() > 0
    assert steps["files of a named breast"].dropped == 0
    with_files = exams["images"] > 0
    assert steps["exams with such files"].kept == with_files.sum()
    assert steps["exams with findings"].dropped == (with_files & ~exams["clinical"]).sum()
    assert steps["exams with the images of one breast"].kept == len(dataset.samples)
    assert list(steps.values())[-1].kept == len(dataset.samples)
    assert all(step.why for step in steps.values() if step.dropped)


def test_attrition_needs_no_generated_release(tmp_path: Path) -> None:
    context = DataContext(Paths(cache=tmp_path))
    assert Embed.attrition(EmbedConfig(), context) == ()
    assert not Embed.is_prepared(EmbedConfig(), context)


def test_density_of_men_and_where_it_is_missing_is_unlabelled(
    load: Load, exams: pd.DataFrame
) -> None:
    samples = load().samples.set_index("sample_id")
    planted = exams.loc[samples.index, "density"]
    known = planted.isin([1, 2, 3, 4])
    assert 0 < (~known).sum() < len(known)
    assert samples.loc[~known, "target:density"].isna().all()
    assert (samples.loc[known, "target:density"] == planted[known] - 1).all()


@pytest.mark.parametrize(
    ("grouping", "classes"),
    [
        ("released_code", {"N": 0, "B": 1, "P": 1, "S": 2, "M": 2, "K": 2}),
        ("supplement", {"N": 0, "B": 0, "P": 0, "A": 1, "S": 1, "M": 2, "K": 2}),
        ("screening", {"N": 0, "B": 1, "A": 2, "P": 2, "S": 2, "M": 2}),
        ("stored", {"N": 0, "B": 1, "A": 2}),
    ],
)
def test_birads_is_the_worst_finding_of_an_exam(
    load: Load, exams: pd.DataFrame, grouping: str, classes: dict[str, int]
) -> None:
    samples = load(birads=grouping).samples.set_index("sample_id")
    assert samples["target:birads"].notna().sum() > 60
    odd = exams.loc[samples.index, "asses"] == "X"
    assert odd.any()
    for name, found in samples.loc[~odd.to_numpy(), "target:birads"].items():
        expected = classes.get(exams.loc[str(name), "asses"], np.nan)
        np.testing.assert_equal(found, expected)


def test_an_exam_that_was_not_assessed_has_the_grade_of_its_other_finding_or_none(
    load: Load, root: Path, exams: pd.DataFrame
) -> None:
    clinical = pd.read_csv(root / "tables" / "EMBED_OpenData_clinical.csv", dtype=str)
    alone = clinical.groupby("acc_anon")["asses"].agg(lambda letters: set(letters) == {"X"})
    samples = load().samples.set_index("sample_id")
    names = [name for name in samples.index if alone.get(str(name), False)]
    assert names
    assert samples.loc[names, "target:birads"].isna().all()


def test_findings_of_the_other_breast_do_not_count_by_side(load: Load, exams: pd.DataFrame) -> None:
    """Under ``exam`` both breasts have the worst grade; under ``side`` the healthy one has not."""
    by_exam = load(side="both", birads="supplement").samples.set_index("sample_id")
    by_side = load(side="both", birads="supplement", findings="side").samples.set_index("sample_id")
    differing = 0
    for name, row in by_side.iterrows():
        exam, side = str(name).split("-")
        planted = exams.loc[exam]
        if planted["asses"] in "SMK" and planted["affected"] == side:
            assert row["target:birads"] == by_exam.loc[name, "target:birads"]
        differing += row["target:birads"] != by_exam.loc[name, "target:birads"]
    assert differing > 5


def test_risk_follows_the_planted_cancers(load: Load, exams: pd.DataFrame) -> None:
    samples = load().samples.set_index("sample_id")
    years = exams.loc[samples.index, "years_to_cancer"]
    for k in range(1, 6):
        risk = samples[f"target:risk_{k}y"]
        assert (risk[years <= k] == 1).all()
        assert (risk[(years > k) & (years < 100)] == 0).all()
        assert set(risk[years == 100].dropna()) == {0.0}
    last = samples.loc[years == 100, "target:risk_5y"]
    assert last.isna().any()
    assert (load(censor="negative").samples["target:risk_5y"].notna()).all()


def test_risk_by_hand() -> None:
    """Seen in 2015, 2016 and 2018; cancer found in March 2018, a month before the last exam."""
    exams = pd.DataFrame(
        {
            "patient": ["a", "a", "a", "a", "b", "b"],
            "date": pd.to_datetime(
                ["2015-03-01", "2016-09-01", "2018-03-20", "2018-05-01", "2015-01-01", "2017-07-02"]
            ),
        }
    )
    findings = exams.assign(
        cancer_date=[pd.NaT, pd.NaT, pd.Timestamp("2018-03-01"), pd.NaT, pd.NaT, pd.NaT]
    )
    years = years_to_cancer(exams, findings)
    np.testing.assert_allclose(years, [1096 / 365.25, 546 / 365.25, 0, 100, 100, 100])
    follow_up = years_of_follow_up(exams, findings)
    np.testing.assert_allclose(follow_up[[0, 4, 5]], [1157 / 365.25, 913 / 365.25, 0])
    labels = risk_labels(years, follow_up, "mask")
    np.testing.assert_equal(labels["risk_1y"], [0, 0, 1, np.nan, 0, np.nan])
    np.testing.assert_equal(labels["risk_3y"], [0, 1, 1, np.nan, np.nan, np.nan])
    np.testing.assert_equal(labels["risk_4y"], [1, 1, 1, np.nan, np.nan, np.nan])
    negative = risk_labels(years, follow_up, "negative")
    np.testing.assert_equal(negative["risk_3y"], [0, 1, 1, 0, 0, 0])


def test_images_are_of_one_breast_full_field_and_the_first_of_copies(load: Load) -> None:
    """Spot views, other views and copies show no spots, so that a wrong file would be seen."""
    dataset = load(image_size=64)
    rows = np.arange(len(dataset.samples))
    images = {name: data.values.numpy() for name, data in dataset.tensors(rows).items()}
    left = np.array([images[name][:, 0, :, :20].sum(axis=(1, 2)) for name in VIEWS])
    right = np.array([images[name][:, 0, :, -20:].sum(axis=(1, 2)) for name in VIEWS])
    assert ((left > right).all(axis=0) | (left < right).all(axis=0)).all()
    there = dataset.observed(rows)[:, len(VIEWS) :].all(axis=1)
    assert 0.5 < there.mean() < 1
    other = images["ffdm_cc_other"][:, 0]
    mirrored = other[:, :, -20:].sum(axis=(1, 2)) > other[:, :, :20].sum(axis=(1, 2))
    assert (mirrored == (left > right).all(axis=0))[there].all()


def test_released_quirks_take_any_breast_and_every_finding(load: Load, root: Path) -> None:
    metadata = pd.read_csv(root / "tables" / "EMBED_OpenData_metadata.csv", dtype=str)
    quirky = load(
        side="any",
        findings="each",
        join="patient_and_date",
        images="any",
        missing="zeros",
        censor="negative",
    )
    clinical = pd.read_csv(root / "tables" / "EMBED_OpenData_clinical.csv", dtype=str)
    keys = [table["empi_anon"] + table["study_date_anon"] for table in (metadata, clinical)]
    assert len(quirky.samples) == keys[1].isin(set(keys[0])).sum()
    assert keys[1].isin(set(keys[0])).sum() < clinical["acc_anon"].isin(metadata["acc_anon"]).sum()
    # A view that is not there is a black image, not a missing one.
    rows = np.arange(len(quirky.samples))
    assert quirky.observed(rows)[:, : len(VIEWS)].all()
    tensors = quirky.tensors(rows)
    blank = tensors["cview_cc"].values.flatten(1).amax(dim=1).numpy() == 0
    assert 0 < blank.sum() < len(rows) / 2
    assert not quirky.observed(rows)[:, len(VIEWS) :].any()
    only = load(labels="complete", censor="negative").samples
    assert only.filter(like="target:").notna().all(axis=None)


def test_exams_without_all_views_may_be_kept_with_missing_modalities(load: Load) -> None:
    strict, loose = load(), load(images="any")
    assert len(loose.samples) > len(strict.samples)
    rows = np.arange(len(loose.samples))
    own = loose.observed(rows)[:, : len(VIEWS)]
    assert own.any(axis=1).all()
    assert not own.all()


def test_no_patient_is_in_two_folds_and_every_class_in_each(load: Load) -> None:
    """At the size of a demo: joint strata of risk, BI-RADS and density, by patient."""
    dataset = load()
    spec = {"kind": "kfold", "folds": 5, "stratify": "risk_5y+birads+density", "seed": 42}
    tested: list[str] = []
    for fold in range(5):
        parts = make_split(dataset.samples, SplitSpec(fold=fold, **spec), dataset.component.tasks)
        groups = {part: set(dataset.samples["group_id"].iloc[parts.rows(part)]) for part in PARTS}
        assert not groups["train"] & groups["test"]
        assert not groups["val"] & (groups["train"] | groups["test"])
        tested += groups["test"]
        test = dataset.samples.iloc[parts.test]
        for task in dataset.component.tasks:
            assert test[f"target:{task.name}"].nunique() == len(task.classes)
    assert len(tested) == len(set(tested)) == dataset.samples["group_id"].nunique()


def test_both_path_prefixes_are_stripped(root: Path) -> None:
    paths = pd.read_csv(root / "tables" / "EMBED_OpenData_metadata.csv")["anon_dicom_path"]
    assert set(paths.str.split("cohort_").str[0]) == {
        "./images/",
        "/" + "mnt/NAS2/mammo/anon_dicom/",
    }


def test_a_given_release_is_recognised_as_generated(copy: Path) -> None:
    assert read(copy).release.source == "synthetic"
    (copy / "MMBENCH-SYNTHETIC.json").unlink()
    release = read(copy).release
    assert release.source == "partial"
    assert "findings of 81,776" in release.cohort
    assert release.credentialed


def _damage(folder: Path) -> Path:
    """Cut the first file off and return it."""
    path = sorted((folder / "images").rglob("*.dcm"))[0]
    content = path.read_bytes()[:-100]
    path.unlink()  # it is a link
    path.write_bytes(content)
    return path


def test_a_damaged_file_is_named_or_skipped_and_counted(copy: Path) -> None:
    path = _damage(copy)
    with pytest.raises(DataError, match=rf"(?s){path.name} cannot be read as DICOM"):
        read(copy)
    assert not list((copy.parent / "cache" / "data" / "prepared").glob("embed-????????????????"))
    dataset = read(copy, broken="skip")
    steps = Embed.attrition(dataset.config, dataset.context)
    assert (steps[-1].name, steps[-1].dropped) == ("samples whose images can be read", 1)
    assert steps[-1].why == "files missing or damaged: 1"
    assert len(dataset.samples) == steps[-1].kept
    assert Embed.is_prepared(dataset.config, dataset.context)
    whole = dataset.config.model_copy(update={"broken": "fail"})
    # So that the error comes before workers start.
    assert not Embed.is_prepared(whole, dataset.context)
    with pytest.raises(DataError, match=rf"1 images of embed could not be read.*{path.name}"):
        read(copy)


def test_a_compressed_file_gives_the_same_tensor(load: Load, copy: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    pytest.importorskip("openjpeg", reason="pylibjpeg-openjpeg compresses the file")
    from pydicom.uid import JPEG2000Lossless

    changed = 0
    for path in sorted((copy / "images").rglob("*.dcm"))[:40]:
        header = pydicom.dcmread(path)
        if header.Rows >= 80:  # smaller ones have too few levels for the codec
            header.compress(JPEG2000Lossless, generate_instance_uid=False)
            path.unlink()  # it is a link
            header.save_as(path)
            changed += 1
    assert changed > 5
    few = load(synthetic_size=12)
    rows = np.arange(len(few.samples))
    one, other = few.tensors(rows), read(copy).tensors(rows)
    for name, data in one.items():
        assert bool((data.values == other[name].values).all())


def test_a_missing_file_is_named_or_black(copy: Path) -> None:
    path = sorted((copy / "images").rglob("*.dcm"))[0]
    path.unlink()
    with pytest.raises(DataError, match=f"{path.name} is not there"):
        read(copy)
    assert len(read(copy, missing="zeros").samples) > 0


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("clinical", "asses", "Z", r"column 'asses' holds 'Z' in line 5 \(patient '\d+'"),
        ("clinical", "tissueden", "6", r"column 'tissueden' holds '6' in line 5"),
        ("clinical", "path_severity", "9", r"column 'path_severity' holds '9' in line 5"),
        ("clinical", "study_date_anon", "soon", r"'study_date_anon' holds 'soon' in line 5"),
        ("clinical", "empi_anon", "1.2e16", r"column 'empi_anon' holds '1.2e16' in line 5"),
        ("clinical", "side", "Left", r"column 'side' holds 'Left' in line 5"),
        ("metadata", "spot_mag", "yes", r"column 'spot_mag' holds 'yes' in line 5"),
        (
            "metadata",
            "ImageLateralityFinal",
            "Left",
            r"'ImageLateralityFinal' holds 'Left' in line",
        ),
        ("metadata", "anon_dicom_path", "a.dcm", r"'anon_dicom_path' holds 'a.dcm' in line 5"),
    ],
)
def test_values_outside_the_vocabulary_are_named(
    copy: Path, table: str, column: str, value: str, message: str
) -> None:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[3, column] = value
        return frame

    edit(copy, table, change)
    with pytest.raises(DataError, match=rf"(?s)EMBED_OpenData_{table}\.csv: .*{message}"):
        read(copy)
    assert not list((copy.parent / "cache").rglob("embed-*"))


@pytest.mark.parametrize(
    ("table", "column", "text"),
    [
        (
            "metadata",
            "FinalImageType",
            r"of the \d+ files of .* none is among the C-view or 2D files",
        ),
        ("clinical", "acc_anon", r"none is among the exams with findings \(\d+ dropped: no row in"),
    ],
)
def test_a_cohort_without_samples_is_refused_before_images_are_decoded(
    copy: Path, table: str, column: str, text: str
) -> None:
    edit(copy, table, lambda frame: frame.assign(**{column: "7"}))
    with pytest.raises(DataError, match=f"embed: no sample is left of .*{text}"):
        Embed.prepare(EmbedConfig.parse(SMALL), context_of(copy))
    assert not list((copy.parent / "cache").rglob("embed-*"))


def test_an_empty_table_is_refused(copy: Path) -> None:
    edit(copy, "metadata", lambda frame: frame.iloc[:0])
    with pytest.raises(DataError, match=r"of the rows of .*metadata\.csv, none is among the files"):
        read(copy)


def test_an_exam_that_the_tables_give_to_two_patients_is_left_out(copy: Path) -> None:
    """Its images would be of one patient, its labels and its fold of another."""
    whole = read(copy)
    exam = whole.samples["sample_id"].iloc[0]

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[frame["acc_anon"] == exam, "empi_anon"] = "99"
        return frame

    edit(copy, "metadata", change)
    dataset = read(copy)
    assert list(dataset.samples["sample_id"]) == list(whole.samples["sample_id"].iloc[1:])
    steps = {step.name: step for step in Embed.attrition(dataset.config, dataset.context)}
    assert steps["exams of one patient"].dropped == 1


def test_a_cohort_without_cancer_is_refused_before_training(copy: Path) -> None:
    edit(copy, "clinical", lambda frame: frame.assign(path_severity=""))
    dataset = read(copy)
    assert not (dataset.samples["target:risk_1y"] == 1).any()
    spec = SplitSpec(folds=5, stratify="risk_5y+birads", seed=42)
    with pytest.raises(SplitError, match=r"(?s)'risk_1y': no train sample of class 'cancer'"):
        make_split(dataset.samples, spec, dataset.component.tasks)


def test_a_missing_column_or_table_is_named(copy: Path) -> None:
    edit(copy, "clinical", lambda frame: frame.drop(columns="asses"))
    with pytest.raises(DataError, match=r"clinical\.csv has no column 'asses'"):
        read(copy)
    (copy / "tables" / "EMBED_OpenData_metadata.csv").unlink()
    for _ in range(2):
        with pytest.raises(DataNotAvailable, match=r"has no tables/EMBED_OpenData_metadata\.csv"):
            read(copy)
        (copy / "MMBENCH-SYNTHETIC.json").unlink(missing_ok=True)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataNotAvailable, match=r"(?s)is not a folder of EMBED.*--data embed=PATH"):
        read(tmp_path)


def test_groupings_know_every_category() -> None:
    np.testing.assert_equal(
        birads_classes(np.array([0.0, 1, 2, 3, 4, 5, 6, np.nan]), "released_code"),
        [np.nan, 0, 1, 1, 2, 2, 2, np.nan],
    )
