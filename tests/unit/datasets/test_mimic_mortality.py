"""The loader of MIMIC-IV one-year mortality on made-up files in the layout of I2MoE's."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.core.spec import SplitSpec
from benchmark.datasets._base import DataContext
from benchmark.datasets.mimic_mortality import MIMICMortality, MIMICMortalityConfig
from benchmark.datasets.synthetic.mimic_mortality import write_release
from benchmark.splits import make_split

Load = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small release whose values are known, without the marker of a generated one."""
    root = tmp_path / "mimic"
    root.mkdir()
    pd.DataFrame({"subject_id": [11, 5, 7, 9], "one_year_mortality": [0, 1, 0, 1]}).to_csv(
        root / "labels.csv", index=False
    )
    nan = float("nan")
    lab = torch.tensor([[1.0, nan, 2.0], [3.0, nan, nan], [nan, nan, nan], [5.0, 7.0, 0.0]])
    torch.save(lab, root / "lab_x.pt")
    torch.save(torch.tensor([[0.0, 0.0], [1.0, 2.0], [0.5, 0.0], [1.0, 1.0]]), root / "note_x.pt")
    torch.save(torch.tensor([[1], [0], [1], [0]]), root / "code_x.pt")
    return root


def _write_split(folder: Path) -> None:
    lists = {"training": [11, 5], "validation": [7], "testing": [9]}
    (folder / "PTID_splits_mimic.json").write_text(json.dumps(lists))


def test_rows_are_aligned_with_the_table(folder: Path, given: Load) -> None:
    _write_split(folder)
    dataset = given("mimic_mortality", folder)
    assert dataset.samples["sample_id"].tolist() == ["11", "5", "7", "9"]
    assert dataset.samples["group_id"].tolist() == ["11", "5", "7", "9"]
    assert dataset.samples["target:mortality_1y"].tolist() == [0, 1, 0, 1]
    assert dataset.samples["part"].tolist() == ["train", "train", "val", "test"]
    assert [one.shape for one in dataset.component.modalities] == [(3,), (2,), (1,)]
    assert [one.name for one in dataset.component.modalities] == ["lab", "note", "code"]
    assert dataset.release.source == "partial"
    assert dataset.release.credentialed
    assert "part" not in given("mimic_mortality", _without_split(folder)).samples


def _without_split(folder: Path) -> Path:
    (folder / "PTID_splits_mimic.json").unlink()
    return folder


def test_empty_rows_are_unobserved_or_as_released_observed(folder: Path, given: Load) -> None:
    rows = np.arange(4)
    described = given("mimic_mortality", folder).observed(rows)
    assert described.T.tolist() == [
        [True, True, False, True], [False, True, True, True], [True, False, True, False],
    ]  # fmt: skip
    assert given("mimic_mortality", folder, empty_rows="observed").observed(rows).all()


def test_patients_without_anything_are_left_out(folder: Path, given: Load) -> None:
    torch.save(torch.zeros(4, 1), folder / "code_x.pt")
    torch.save(torch.zeros(4, 2), folder / "note_x.pt")
    dataset = given("mimic_mortality", folder)
    assert dataset.samples["sample_id"].tolist() == ["11", "5", "9"]
    assert dataset.values["lab"][2].tolist() == [5.0, 7.0, 0.0]
    steps = MIMICMortality.attrition(dataset.config, dataset.context)
    assert [(one.kept, one.dropped) for one in steps] == [(4, 0), (3, 1)]
    assert len(given("mimic_mortality", folder, empty_rows="observed").samples) == 4


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, [[1.0, 0.0, 2.0], [5.0, 7.0, 0.0]]),
        ({"missing_values": "train_mean"}, [[1.0, 0.0, 2.0], [5.0, 7.0, 0.0]]),
        # mean 2 and deviation 1 of (1, 3); (2, 0) has mean 1 and deviation 1; 0 never varies
        ({"scaling": "train"}, [[-1.0, 0.0, 1.0], [3.0, 7.0, -1.0]]),
        # a column's own mean in its gap: (2, 2) does not vary
        (
            {"scaling": "train", "missing_values": "train_mean"},
            [[-1.0, 0.0, 0.0], [3.0, 7.0, -2.0]],
        ),
    ],
)
def test_values_are_filled_and_scaled_by_training_rows(
    folder: Path, given: Load, options: dict[str, Any], wanted: list[list[float]]
) -> None:
    dataset = given("mimic_mortality", folder, **options)
    tensors = dataset.tensors(np.array([0, 3]), dataset.fit(np.array([0, 1])))
    assert tensors["lab"].values.tolist() == wanted


def test_gaps_take_the_mean_of_training_rows(folder: Path, given: Load) -> None:
    dataset = given("mimic_mortality", folder, missing_values="train_mean")
    fitted = dataset.fit(np.array([0, 3]))
    assert dataset.tensors(np.array([1]), fitted)["lab"].values.tolist() == [[3.0, 7.0, 1.0]]


class Command:
    """Makes a folder when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("should-not-be-there",)


def test_code_in_a_tensor_file_is_not_run(
    folder: Path, given: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    torch.save(Command(), folder / "note_x.pt")
    with pytest.raises(DataError, match=r"(?s)note_x\.pt holds more than tensors.*not read"):
        given("mimic_mortality", folder)
    assert not (folder / "should-not-be-there").exists()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (torch.zeros(3, 2), r"note_x\.pt holds \(3, 2\), not \(4, F\)"),
        (torch.zeros(4), r"note_x\.pt holds \(4,\), not"),
        ({"x": torch.zeros(4, 2)}, r"note_x\.pt holds dict, not"),
        (torch.zeros(4, 2, dtype=torch.complex64), r"note_x\.pt holds complex numbers"),
    ],
)
def test_tensors_of_another_shape(folder: Path, given: Load, value: Any, text: str) -> None:
    torch.save(value, folder / "note_x.pt")
    with pytest.raises(DataError, match=text):
        given("mimic_mortality", folder)


@pytest.mark.parametrize("form", [torch.nn.Parameter, torch.Tensor.to_sparse])
def test_tensors_with_gradient_and_sparse_ones_are_read(
    folder: Path, given: Load, form: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    values = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0], [0.0, 4.0]])
    torch.save(form(values), folder / "note_x.pt")
    dataset = given("mimic_mortality", folder)
    assert (dataset.values["note"] == values.numpy()).all()


@pytest.mark.parametrize("body", [b"", b"hello", b"\xff" * 50])
def test_what_is_no_tensor_file_is_named(folder: Path, given: Load, body: bytes) -> None:
    (folder / "note_x.pt").write_bytes(body)
    with pytest.raises(DataError, match=r"note_x\.pt (cannot be read|holds more than tensors)"):
        given("mimic_mortality", folder)


def test_damaged_tensor(folder: Path, given: Load) -> None:
    (folder / "note_x.pt").write_bytes((folder / "note_x.pt").read_bytes()[:50])
    with pytest.raises(DataError, match=r"note_x\.pt (cannot be read|holds more than tensors)"):
        given("mimic_mortality", folder)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda table: table.rename(columns={"one_year_mortality": "y"}), "no column 'one_year_"),
        (lambda table: table.assign(subject_id=[1, 2, 2, 3]), "patient 2 has two rows"),
        (lambda table: table.assign(one_year_mortality=[0, 1, 2, 0]), "patient 7 has .* 2"),
    ],
)
def test_wrong_labels(folder: Path, given: Load, change: Callable[..., Any], text: str) -> None:
    change(pd.read_csv(folder / "labels.csv")).to_csv(folder / "labels.csv", index=False)
    with pytest.raises(DataError, match=text):
        given("mimic_mortality", folder)


def test_missing_files_are_named(folder: Path, given: Load) -> None:
    (folder / "code_x.pt").unlink()
    with pytest.raises(DataNotAvailable, match=r"mimic_mortality needs .*code_x\.pt"):
        given("mimic_mortality", folder)


def test_an_incomplete_folder_among_the_data_is_passed_by(folder: Path, tmp_path: Path) -> None:
    (folder / "code_x.pt").unlink()
    folder.rename(tmp_path / "mimic4 Dataset")
    context = DataContext(Paths(cache=tmp_path / "cache", data=tmp_path))
    assert MIMICMortality.probe(MIMICMortalityConfig(), context).source == "synthetic"
    real = DataContext(context.paths, source="real")
    with pytest.raises(DataNotAvailable, match=r"mimic_mortality needs .*code_x\.pt"):
        MIMICMortality.probe(MIMICMortalityConfig(), real)


def test_generated_release(generated: Load) -> None:
    dataset = generated("mimic_mortality")
    samples = dataset.samples
    assert dataset.release.source == "synthetic"
    assert not dataset.release.credentialed
    assert 795 <= len(samples) <= 800
    assert samples["target:mortality_1y"].mean() == pytest.approx(0.226, abs=0.01)
    assert np.isnan(dataset.values["lab"]).mean() == pytest.approx(0.942, abs=0.002)
    assert [len(samples) - samples[f"observed:{name}"].sum() for name in ("note", "code")] != [0, 0]
    parts = make_split(samples, SplitSpec(kind="official"), dataset.component.tasks)
    assert parts.warnings == ()
    assert len(parts.test) / len(samples) == pytest.approx(0.15, abs=0.01)
    assert dataset.component == MIMICMortality.describe(dataset.config)


def test_generated_files_are_the_same_again(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for folder in (tmp_path / name, tmp_path / f"{name}.truth"):
            folder.mkdir()
        write_release(tmp_path / name, tmp_path / f"{name}.truth", 60, 3)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) == 5
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert [path.name for path in (tmp_path / "one.truth").iterdir()] == ["factors.csv"]
    shutil.rmtree(tmp_path / "one")


def test_mechanisms_of_a_generated_release_are_checked() -> None:
    with pytest.raises(ValueError, match="unknown mechanism 'unique:image'"):
        MIMICMortalityConfig.parse({"synthetic_mechanisms": {"unique:image": 1.0}})
    with pytest.raises(ValueError, match="sum to 1"):
        MIMICMortalityConfig.parse({"synthetic_mechanisms": {"shared": 0.5}})
