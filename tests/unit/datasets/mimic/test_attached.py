"""Reports and X-rays of stays, from releases on disk to what a dataset holds."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.datasets.mimic import attached
from benchmark.datasets.mimic.attached import (
    Attached,
    attached_data,
    attached_steps,
    find_attached,
    is_attached,
    prepare_attached,
    stays_with,
    with_networks,
)
from benchmark.datasets.mimic.attached_config import AttachedConfig

START = datetime(2150, 3, 1, 10)
STAYS = pl.DataFrame(
    {"subject_id": [10, 11, 12], "stay_id": [1, 2, 3], "intime": [START] * 3,
     "outtime": [START + timedelta(hours=60)] * 3}
)  # fmt: skip
SMALL: dict[str, Any] = {"window_hours": 48, "xray_size": 8}


def make_notes(root: Path) -> None:
    """Stay 1 has three reports, stay 2 one that was stored late, stay 3 none."""
    (root / "note").mkdir(parents=True)
    lines = ["note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text"]
    for name, patient, hour, stored, text in (
        ("a", 10, 1, 2, "clear lungs"),
        ("b", 10, 5, 6, "large effusion"),
        ("c", 10, 9, 10, "larger effusion"),
        ("d", 11, 40, 50, "clear"),
    ):
        times = [(START + timedelta(hours=h)).strftime("%Y-%m-%d %H:%M:%S") for h in (hour, stored)]
        lines.append(f"{name},{patient},,RR,1,{times[0]},{times[1]},{text}")
    with gzip.open(root / "note" / "radiology.csv.gz", "wt") as file:
        file.write("\n".join(lines) + "\n")


def make_xrays(root: Path) -> None:
    """Stay 1 has two X-rays, the later one lateral; stay 3 has one."""
    lines = ["dicom_id,subject_id,study_id,ViewPosition,StudyDate,StudyTime"]
    for name, patient, study, view, time, shade in (
        ("x", 10, 50, "AP", "110000", 50),
        ("y", 10, 51, "LATERAL", "120000", 150),
        ("z", 12, 52, "PA", "110000", 250),
    ):
        lines.append(f"{name},{patient},{study},{view},21500301,{time}")
        path = root / f"files/p{patient}/p{patient}/s{study}/{name}.jpg"
        path.parent.mkdir(parents=True)
        Image.fromarray(np.full((9, 9), shade, dtype=np.uint8)).save(path)
    (root / "mimic-cxr-2.0.0-metadata.csv").write_text("\n".join(lines) + "\n")


def fake_bert(folder: Path) -> Path:
    """What planning sees of a transformer."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"hidden_size": 2}')
    (folder / "model.safetensors").write_bytes(b"some")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of MIMIC-IV with notes inside and X-rays beside it."""
    folder = tmp_path / "mimic-iv-2.2"
    make_notes(folder)
    make_xrays(tmp_path / "mimic-cxr-jpg-2.0.0")
    return folder


def read(root: Path, cache: Path, **options: Any) -> tuple[Any, dict[str, Any]]:
    """Prepare all stays, then read stays 2, 1 and 3 in this order."""
    config = AttachedConfig.parse({**SMALL, **options})
    context = DataContext(Paths(cache=cache, weights=cache / "weights"))
    found = find_attached(root, context.paths)
    prepare_attached("data", found, STAYS, config, context)
    if config.text_model is None:  # else a test stands in for the transformer
        assert is_attached("data", config, context)
    return attached_data("data", [2, 1, 3], config, context)


def test_reports_and_xrays_find_their_stays(root: Path, tmp_path: Path) -> None:
    data, seen = read(root, tmp_path / "cache")
    assert seen["note"].tolist() == [False, True, False]
    assert seen["xray"].tolist() == [False, True, True]
    words = [int(one.sum()) for one in data.notes["note"]]
    assert words == [0, 6 + 5, 0]  # six words and the pairs of neighbours
    shades = data.images["xray"].take(np.arange(3))
    assert shades.shape == (3, 1, 8, 8)
    np.testing.assert_allclose(shades.mean(axis=(1, 2, 3)), [0, 150, 250], atol=1)


def test_switches_change_what_is_taken(root: Path, tmp_path: Path) -> None:
    data, seen = read(root, tmp_path / "cache", note_time="charttime", xray_views="frontal")
    assert seen["note"].tolist() == [True, True, False]
    shades = data.images["xray"].take(np.arange(3))
    np.testing.assert_allclose(shades.mean(axis=(1, 2, 3)), [0, 50, 250], atol=1)
    last, _ = read(root, tmp_path / "cache", note_count=1)
    assert int(last.notes["note"][1].sum()) == 3


def test_a_second_call_reads_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = read(root, tmp_path / "cache")
    monkeypatch.setattr(attached, "_make_notes", None)
    monkeypatch.setattr(attached, "_make_xrays", None)
    again, _ = read(root, tmp_path / "cache")
    assert [one.sum() for one in again.notes["note"]] == [one.sum() for one in first.notes["note"]]
    context = DataContext(Paths(cache=tmp_path / "cache"))
    steps = attached_steps("data", AttachedConfig.parse(SMALL), context)
    assert [(step.name, step.kept) for step in steps] == [
        ("radiology reports", 4), ("of stays", 4), ("of the window", 3),
        ("X-rays", 3), ("with a time", 3), ("of the window", 3), ("all views", 3),
    ]  # fmt: skip


def test_without_the_releases_everything_is_missing(tmp_path: Path) -> None:
    root = tmp_path / "mimic-iv-2.2"
    root.mkdir()
    assert find_attached(root, Paths(cache=tmp_path)) == Attached(None, None)
    data, seen = read(root, tmp_path / "cache")
    assert not seen["note"].any()
    assert not seen["xray"].any()
    assert not data.images["xray"].take(np.arange(3)).any()
    assert [one.nnz for one in data.notes["note"]] == [0, 0, 0]


def test_a_lost_image_is_named_or_left_out(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mimic-cxr-jpg-2.0.0/files/p12/p12/s52/z.jpg").unlink()
    with pytest.raises(DataError, match=r"1 of 2 xray cannot be read:\n.*p12/s52/z\.jpg is not"):
        read(root, tmp_path / "cache")
    _, seen = read(root, tmp_path / "cache", broken="skip")
    assert seen["xray"].tolist() == [False, True, False]
    config = AttachedConfig.parse({**SMALL, "broken": "skip"})
    context = DataContext(Paths(cache=tmp_path / "cache"))
    assert stays_with("data", config, context) == {"note": {1}, "xray": {1}}


def test_named_folders_come_first_and_must_hold_the_release(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    make_notes(other)
    paths = Paths(cache=tmp_path, releases={"mimic_note": other})
    found = find_attached(root, paths)
    assert found.radiology == other / "note" / "radiology.csv.gz"
    assert found.metadata == tmp_path / "mimic-cxr-jpg-2.0.0" / "mimic-cxr-2.0.0-metadata.csv"
    assert found.media == [tmp_path / "mimic-cxr-jpg-2.0.0" / "files"]
    wrong = Paths(cache=tmp_path, releases={"mimic_cxr": other})
    with pytest.raises(DataNotAvailable, match=r"mimic_cxr=.*: no table of notes or X-rays"):
        find_attached(root, wrong)


def test_vectors_of_a_transformer_are_averaged(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fake_bert(tmp_path / "cache" / "weights" / "bert")
    asked: list[str] = []

    def vectors(*args: Any) -> Any:
        asked[:] = args[3]
        return np.array([[len(text), 1.0] for text in args[3]], dtype=np.float32)

    monkeypatch.setattr(attached._clinical_text, "text_vectors", vectors)
    data, seen = read(root, tmp_path / "cache", text_model="bert", note_count=2)
    assert asked == ["large effusion", "larger effusion"]
    assert seen["note"].tolist() == [False, True, False]
    np.testing.assert_allclose(data.texts["note"], [[0, 0], [14.5, 1], [0, 0]])
    assert data.texts["note"].flags.writeable
    data, _ = read(root, tmp_path / "cache", text_model="bert", note_form="each", note_count=3)
    assert data.text_counts["note"].tolist() == [0, 3, 0]
    np.testing.assert_allclose(data.texts["note"][1], [[11, 1], [14, 1], [15, 1]])
    assert not data.texts["note"][[0, 2]].any()

    paths = Paths(cache=tmp_path, weights=tmp_path / "cache" / "weights")
    plain, through = AttachedConfig(), AttachedConfig(text_model="bert")
    assert with_networks("data", plain, paths) == "data"
    first = with_networks("data", through, paths)
    (folder / "model.safetensors").write_bytes(b"other")
    assert len({"data", first, with_networks("data", through, paths)}) == 3
    with pytest.raises(DataNotAvailable, match="text model bert is not in"):
        with_networks("data", through, Paths(cache=tmp_path, weights=tmp_path))


def test_the_note_has_the_shape_its_options_say() -> None:
    assert AttachedConfig(note_width=32).note_shape == (32,)
    assert AttachedConfig(text_model="bert").note_shape == (768,)
    assert AttachedConfig(text_model="bert", note_form="each").note_shape == (5, 768)
    with pytest.raises(ValueError, match="note_form each is of a text_model's vectors"):
        AttachedConfig(note_form="each")


def test_what_networks_give_is_part_of_what_is_prepared(root: Path, tmp_path: Path) -> None:
    weights = tmp_path / "cache" / "weights"
    fake_bert(weights / "bert")
    (weights / "chex.safetensors").write_bytes(b"some")
    read(root, tmp_path / "cache")
    context = DataContext(Paths(cache=tmp_path / "cache", weights=weights))
    found = find_attached(root, context.paths)
    assert is_attached("data", AttachedConfig.parse(SMALL), context)
    for option in ({"text_model": "bert"}, {"xray_model": "chex.safetensors"}):
        config = AttachedConfig.parse({**SMALL, **option})
        assert not is_attached("data", config, context)
        with pytest.raises(DataError, match=r"cannot be read as a model|holds no named tensors"):
            prepare_attached("data", found, STAYS, config, context)
        assert not is_attached("data", config, context)
