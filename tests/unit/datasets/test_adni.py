"""The ADNI loader on made-up subjects in the layout of Flex-MoE's and I2MoE's folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import nibabel
import numpy as np
import pandas as pd
import pytest

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.spec import SplitSpec
from benchmark.datasets.adni.config import MODALITIES, ADNIConfig
from benchmark.datasets.adni.dataset import ADNI
from benchmark.datasets.synthetic.adni import COMBINATIONS, write_release
from benchmark.splits import make_split

Load = Callable[..., Any]

SIDES = (4, 5, 3)
GREY = [(0, 0, 0), (1, 2, 1), (3, 4, 2)]
NAN = float("nan")
TEMPLATE = "image/BLSA_SPGR+MPRAGE_averagetemplate_muse_seg_DS222.nii.gz"
#: Subject: diagnosis, part, alleles, clinical, biospecimen; None is absent.
SUBJECTS: dict[str, tuple[int, str, Any, Any, Any]] = {
    "002_S_0001": (1, "training", [0, 2, 1], [0.5, NAN], [NAN]),
    "002_S_0002": (2, "training", [1, NAN, 1], [-0.5, 1.0], None),
    "003_S_0003": (3, "validation", [1, 0, 1], None, None),
    "004_S_0004": (1, "testing", None, [NAN, 0.2], [0.4]),
    "005_S_0005": (2, "testing", None, None, None),
}
SCANS = {
    "002_S_0001_2006-05-02": [9.0, 9.0, 9.0],
    "003_S_0003_2007-01-01": [5.0, 7.0, 9.0],
    "002_S_0001_2011-01-01": [0.0, 1.0, 2.0],
    "002_S_0001_2010-01-01": [8.0, 8.0, 8.0],
    "002_S_0002_20080101": [2.0, 3.0, 4.0],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five subjects; the last has nothing."""
    root = tmp_path / "adni"
    for name in ("image", "genomic", "clinical", "biospecimen"):
        (root / name).mkdir(parents=True)
    table = pd.DataFrame({"PTID": list(SUBJECTS), "DIAGNOSIS": [v[0] for v in SUBJECTS.values()]})
    table.to_csv(root / "label.csv")
    parts = {key: [] for key in ("training", "validation", "testing")}
    for subject, (_, part, *_rest) in SUBJECTS.items():
        parts[part].append(subject)
    (root / "PTID_splits.json").write_text(json.dumps(parts))
    _write_images(root)
    with h5py.File(root / "genomic" / "genomic_merged.h5ad", "w") as file:
        having = {name: v[2] for name, v in SUBJECTS.items() if v[2] is not None}
        file["X"] = np.array(list(having.values()))
        file["obs/PTID"] = [name.encode() for name in having]
        file["obs"].attrs["_index"] = "PTID"
    for k, name in ((3, "clinical"), (4, "biospecimen")):
        rows = {subject: v[k] for subject, v in SUBJECTS.items() if v[k] is not None}
        width = len(next(iter(rows.values())))
        frame = pd.DataFrame.from_dict(rows, "index", columns=[f"c{j}" for j in range(width)])
        frame["PTADDX_9999"] = 1.0
        frame.to_csv(root / name / f"{name}_merged.csv", index_label="PTID")
        frame.fillna(-0.75).to_csv(root / name / f"{name}_merged_mean.csv", index_label="PTID")
    return root


def _write_images(root: Path) -> None:
    template = np.zeros(SIDES, dtype=np.float32)
    for place in GREY:
        template[place] = 150
    template[2, 2, 2] = 250
    nibabel.save(nibabel.Nifti1Image(template, np.eye(4)), root / TEMPLATE)
    np.save(root / "image" / "ADNI_G.npy", np.array(list(SCANS.values())))
    (root / "image" / "ADNI_subj.txt").write_text("\n".join(SCANS) + "\n")


ROWS = np.arange(4)
TRAIN = np.arange(2)


def test_subjects_labels_and_what_they_have(folder: Path, given: Load) -> None:
    dataset = given("adni", folder)
    assert dataset.samples["sample_id"].tolist() == list(SUBJECTS)[:4]
    assert dataset.samples["target:diagnosis"].tolist() == [0, 1, 2, 0]
    assert dataset.samples["part"].tolist() == ["train", "train", "val", "test"]
    assert dataset.observed(ROWS).astype(int).tolist() == [
        [1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1],
    ]  # fmt: skip
    assert [one.name for one in dataset.component.modalities] == list(MODALITIES)
    assert dataset.release.source == "partial"
    assert dataset.release.credentialed


def test_the_latest_scan_counts_and_lies_where_the_template_is_grey(
    folder: Path, given: Load
) -> None:
    dataset = given("adni", folder)
    fitted = dataset.fit(TRAIN)
    values = np.array([0, 1, 2, 2, 3, 4.0])
    volumes = dataset.tensors(ROWS, fitted)["image"].values.numpy()
    assert volumes.shape == (4, 1, 3, 4, 5)  # the last axis of the template comes first
    wanted = np.full((1, 3, 4, 5), -values.mean() / values.std())
    for (x, y, z), value in zip(GREY, [0.0, 1.0, 2.0], strict=True):
        wanted[0, z, x, y] = (value - values.mean()) / values.std()
    assert volumes[0] == pytest.approx(wanted, abs=1e-6)
    assert not volumes[3].any()


def test_scans_are_scaled_by_training_rows_or_as_released_by_all(folder: Path, given: Load) -> None:
    train = given("adni", folder).fit(TRAIN)
    every = given("adni", folder, fit_rows="all").fit(TRAIN)
    assert (train.image.mean, every.image.mean) == (2.0, pytest.approx(33 / 9))
    assert train.image.scale == pytest.approx(np.std([0, 1, 2, 2, 3, 4]))


def test_alleles_are_filled_and_scaled_by_training_rows_or_all(folder: Path, given: Load) -> None:
    # Training rows: 0 and 1; 2 and a gap, which is 2; 1 and 1, which never varies.
    dataset = given("adni", folder)
    values = dataset.tensors(ROWS, dataset.fit(TRAIN))["genomic"].values.tolist()
    assert values == [[-1, -1, -1], [1, -1, -1], [1, -5, -1], [0, 0, 0]]
    every = given("adni", folder, fit_rows="all")
    values = every.tensors(ROWS, every.fit(TRAIN))["genomic"].values.tolist()
    # The gap is 0, as 0 and 2 are equally common and the smaller is taken.
    assert values == [[-1, 1, -1], [1, -1, -1], [1, -1, -1], [0, 0, 0]]


def test_gaps_of_tables(folder: Path, given: Load) -> None:
    dataset = given("adni", folder)
    tensors = dataset.tensors(ROWS, dataset.fit(TRAIN))
    clinical = [[0.5, 1.0], [-0.5, 1.0], [0, 0], [0, 0.2]]
    assert tensors["clinical"].values.numpy() == pytest.approx(np.array(clinical))
    # Biospecimen has no training value at all.
    assert tensors["biospecimen"].values.numpy()[:, 0] == pytest.approx([0, 0, 0, 0.4])
    every = given("adni", folder, fit_rows="all")
    tensors = every.tensors(ROWS, every.fit(TRAIN))
    assert tensors["clinical"].values[0].tolist() == pytest.approx([0.5, 0.6])
    published = given("adni", folder, tables="mean_filled")
    tensors = published.tensors(ROWS, published.fit(TRAIN))
    assert tensors["clinical"].values[0].tolist() == [0.5, -0.75]
    assert tensors["biospecimen"].values[0].tolist() == [-0.75]


def test_columns_that_tell_the_diagnosis_are_dropped(folder: Path, given: Load) -> None:
    dataset = given("adni", folder)
    assert [one.shape for one in dataset.component.modalities[1:]] == [(3,), (2,), (1,)]


def test_absent_modalities_as_released_are_minus_two(folder: Path, given: Load) -> None:
    dataset = given("adni", folder, missing="sentinel")
    fitted = dataset.fit(TRAIN)
    assert dataset.observed(ROWS).all()
    assert fitted.image.mean == 2.0  # of what is there
    tensors = dataset.tensors(ROWS, fitted)
    for name in ("genomic", "biospecimen"):
        assert (tensors[name].values[3 if name == "genomic" else 1] == -2).all()
    scale, (x, y, z) = fitted.image, GREY[1]
    volume = tensors["image"].values[3, 0].numpy()
    assert volume[z, x, y] == pytest.approx((-2 - scale.mean) / scale.scale)
    assert volume[0, 2, 2] == pytest.approx(-scale.mean / scale.scale)
    assert np.isfinite(
        np.concatenate(list(dataset.control_features(ROWS, fitted).values()), 1)
    ).all()


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        ({}, [1, 2, 3, 4]),
        ({"complete": ["image", "genomic", "clinical", "biospecimen"]}, [1]),
        ({"complete": ["image", "clinical"]}, [1, 2]),
        ({"any_of": ["clinical", "biospecimen"]}, [1, 2, 4]),
        ({"any_of": ["biospecimen"]}, [1, 4]),
        ({"any_of": ["biospecimen"], "any_of_parts": "train"}, [1, 3, 4]),
    ],
)
def test_cohorts(folder: Path, given: Load, options: dict[str, Any], taken: list[int]) -> None:
    dataset = given("adni", folder, **options)
    assert [int(one[-1]) for one in dataset.samples["sample_id"]] == taken


def test_who_was_left_out_is_counted(folder: Path, given: Load) -> None:
    dataset = given("adni", folder, complete=["clinical"], any_of=["biospecimen"])
    steps = ADNI.attrition(dataset.config, dataset.context)
    assert [(one.kept, one.dropped) for one in steps] == [(5, 0), (4, 1), (3, 1), (2, 1)]
    assert [one.why for one in steps[2:]] == ["not all of clinical", "none of biospecimen"]


def test_official_parts_are_needed_to_clear_one_of_them(folder: Path, given: Load) -> None:
    (folder / "PTID_splits.json").unlink()
    assert "part" not in given("adni", folder).samples
    with pytest.raises(DataError, match=r"(?s)any_of_parts: train needs .*PTID_splits\.json"):
        given("adni", folder, any_of=["image"], any_of_parts="train")


def test_what_a_run_drops_is_not_fitted_on(folder: Path, given: Load) -> None:
    dataset = given("adni", folder)
    observed = dataset.observed(TRAIN)
    observed[1] = False
    fitted = dataset.fit(TRAIN, observed)
    assert fitted.image.mean == 1.0
    assert fitted.tables["clinical"].tolist() == [0.5, 0.0]
    observed[:] = False
    dataset.tensors(ROWS, dataset.fit(TRAIN, observed))


def test_other_rows_change_nothing(folder: Path, given: Load) -> None:
    """The contract's own check spoils raw values; here whole files change."""
    dataset = given("adni", folder)
    before = dataset.tensors(TRAIN, dataset.fit(TRAIN))
    scans = np.load(folder / "image" / "ADNI_G.npy")
    scans[1] = 1e4
    np.save(folder / "image" / "ADNI_G.npy", scans)
    table = pd.read_csv(folder / "clinical" / "clinical_merged.csv", index_col=0)
    table.loc["004_S_0004"] = 77.0
    table.to_csv(folder / "clinical" / "clinical_merged.csv")
    changed = given("adni", folder)
    after = changed.tensors(TRAIN, changed.fit(TRAIN))
    for name, data in before.items():
        assert (data.values == after[name].values).all()
    leaking = given("adni", folder, fit_rows="all")
    leaked = leaking.tensors(TRAIN, leaking.fit(TRAIN))
    assert (leaked["image"].values != before["image"].values).any()
    assert (leaked["clinical"].values != before["clinical"].values).any()


def test_control_features_are_coarse_means_of_grey_matter(folder: Path, given: Load) -> None:
    dataset = given("adni", folder)
    features = dataset.control_features(ROWS, dataset.fit(TRAIN))
    scale = np.std([0, 1, 2, 2, 3, 4])
    assert features["image"][0] == pytest.approx((np.array([0, 1, 2]) - 2) / scale)
    assert np.isnan(features["image"][3]).all()
    assert features["genomic"].shape == (4, 3)


def test_blocks_are_means_over_their_grey_voxels() -> None:
    from benchmark.datasets.adni.scans import BLOCKS, Mask

    rng = np.random.default_rng(0)
    template = np.where(rng.random((12, 13, 9)) < 0.5, 150, 0)
    mask = Mask.of(template)
    values = rng.normal(size=(2, len(mask.places))).astype(np.float32)
    means = mask.block_means(values)
    wanted = []
    x, y, z = np.nonzero(template == 150)
    for i, j, k in np.ndindex(BLOCKS, BLOCKS, BLOCKS):
        inside = (x * BLOCKS // 12 == i) & (y * BLOCKS // 13 == j) & (z * BLOCKS // 9 == k)
        if inside.any():
            wanted.append(values[:, inside].mean(axis=1, dtype=np.float64))
    assert means == pytest.approx(np.array(wanted).T)


def _sparse(folder: Path) -> None:
    path = folder / "genomic" / "genomic_merged.h5ad"
    with h5py.File(path, "r") as file:
        dense, names = file["X"][:], file["obs/PTID"][:]
    with h5py.File(path, "w") as file:
        rows, columns = np.nonzero(dense)
        file["X/data"], file["X/indices"] = dense[rows, columns], columns
        file["X/indptr"] = np.r_[0, np.bincount(rows, minlength=len(dense)).cumsum()]
        file["X"].attrs["shape"] = dense.shape
        file["obs"] = np.array([(name, 1) for name in names], dtype=[("index", "S10"), ("n", "i4")])


def test_sparse_and_old_h5ad_files_read_the_same(folder: Path, given: Load) -> None:
    before = given("adni", folder).arrays["genomic"]
    _sparse(folder)
    after = given("adni", folder).arrays["genomic"]
    assert (before.values == after.values).all()
    assert (before.positions == after.positions).all()
    assert after.values.dtype == np.int8


def _column_wise(folder: Path) -> None:
    _sparse(folder)
    with h5py.File(folder / "genomic" / "genomic_merged.h5ad", "a") as file:
        file["X"].attrs["encoding-type"] = "csc_matrix"


def _shapeless(folder: Path) -> None:
    _sparse(folder)
    with h5py.File(folder / "genomic" / "genomic_merged.h5ad", "a") as file:
        del file["X"].attrs["shape"]


def _edit_h5ad(folder: Path, key: str, value: Any) -> None:
    with h5py.File(folder / "genomic" / "genomic_merged.h5ad", "a") as file:
        del file[key]
        if value is not None:
            file[key] = value


def _edit_csv(folder: Path, name: str, change: Callable[..., Any]) -> None:
    index = None if name == "label.csv" else 0
    change(pd.read_csv(folder / name, index_col=index)).to_csv(folder / name, index=index == 0)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda f: _edit_h5ad(f, "X", None), r"h5ad has no 'X' and 'obs'"),
        (lambda f: _edit_h5ad(f, "X", np.zeros((2, 3))), r"X is \(2, 3\) for 3 subjects"),
        (lambda f: _edit_h5ad(f, "X", np.full((3, 2), 0.5)), r"holds 0\.5 in the rows from subj"),
        (_column_wise, r"X is stored as csc_matrix"),
        (_shapeless, r"X does not say its shape"),
        (lambda f: _edit_h5ad(f, "obs/PTID", None), r"obs has no index 'PTID'"),
        (lambda f: (f / "genomic/genomic_merged.h5ad").write_text("x"), "cannot be read as HDF5"),
        (lambda f: (f / TEMPLATE).write_text("x"), "cannot be read as NIfTI"),
        (lambda f: np.save(f / "image/ADNI_G.npy", np.zeros((5, 4))), r"\(5, 4\).* 3 grey voxels"),
        (lambda f: np.save(f / "image/ADNI_G.npy", np.zeros((2, 3))), "more scans .* which are 2"),
        (
            lambda f: np.save(f / "image/ADNI_G.npy", np.array([{}, 1]), allow_pickle=True),
            r"ADNI_G\.npy cannot be read as an array",
        ),
        (lambda f: (f / "image/ADNI_subj.txt").write_text("a_2006-01-01\nb"), r"line 2: 'b' is no"),
        (lambda f: _edit_csv(f, "label.csv", lambda t: t.drop(columns="PTID")), "no column 'PTID'"),
        (
            lambda f: _edit_csv(f, "label.csv", lambda t: t.assign(DIAGNOSIS=4)),
            "subject 002_S_0001 has DIAGNOSIS 4",
        ),
        (
            lambda f: _edit_csv(f, "label.csv", lambda t: t.assign(PTID="a")),
            r"label\.csv: subject a has two rows",
        ),
        (
            lambda f: _edit_csv(f, "clinical/clinical_merged.csv", lambda t: t.assign(x="high")),
            "column 'x' holds texts",
        ),
    ],
)
def test_wrong_files(folder: Path, given: Load, change: Callable[..., Any], text: str) -> None:
    change(folder)
    with pytest.raises(DataError, match=text):
        given("adni", folder)


def test_missing_files_are_named(folder: Path, given: Load) -> None:
    shutil.rmtree(folder / "biospecimen")
    with pytest.raises(
        DataNotAvailable, match=r"(?s)adni needs .*biospecimen_merged.*2 of 9 files"
    ):
        given("adni", folder)


def test_generated_subjects(generated: Load) -> None:
    dataset = generated("adni")
    samples = dataset.samples
    assert len(samples) == 300
    shares = samples["target:diagnosis"].value_counts(normalize=True).sort_index().tolist()
    assert shares == pytest.approx([0.438, 0.353, 0.21], abs=0.01)
    letters = {"B": "biospecimen", "C": "clinical", "G": "genomic", "I": "image"}
    flags = [
        samples[f"observed:{name}"].map({True: key, False: ""}) for key, name in letters.items()
    ]
    combinations = sum(flags[1:], flags[0]).value_counts(normalize=True)
    assert set(combinations.index) == set(COMBINATIONS)
    assert combinations["BCGI"] == pytest.approx(0.55, abs=0.01)
    parts = make_split(samples, SplitSpec(kind="official"), dataset.component.tasks)
    assert parts.warnings == ()
    assert len(parts.test) == pytest.approx(45, abs=2)
    assert dataset.component.modality("image").shape == (1, 24, 24, 28)
    assert dataset.component.modality("genomic").shape == (2000,)
    assert len(dataset.arrays["image"].values) > samples["observed:image"].sum()
    described = ADNI.describe(ADNIConfig())
    assert [one.shape for one in described.modalities[:2]] == [(1, 91, 91, 109), (144_746,)]


def test_generated_files_are_the_same_again(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for place in (tmp_path / name, tmp_path / f"{name}.truth"):
            place.mkdir()
        write_release(tmp_path / name, tmp_path / f"{name}.truth", 60, 3, (12, 13, 14), 50)
    files = [one.relative_to(tmp_path / "one") for one in (tmp_path / "one").rglob("*.*")]
    assert len(files) == 10
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    mean = pd.read_csv(tmp_path / "one/clinical/clinical_merged_mean.csv", index_col=0)
    raw = pd.read_csv(tmp_path / "one/clinical/clinical_merged.csv", index_col=0)
    gaps = raw.isna().to_numpy()
    assert gaps.any()
    assert mean.to_numpy()[gaps] == pytest.approx(raw.iloc[:, 0].mean())
