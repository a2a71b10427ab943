"""X-rays of a window, by hand; pixels of real JPEG files."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from benchmark.core.errors import DataError
from benchmark.datasets._arrays import fill, open_array
from benchmark.datasets.mimic.xrays import (
    last_xrays,
    metadata_file,
    read_xrays,
    xray_filling,
)

START = datetime(2150, 3, 1, 1, 30)
HEADER = (
    "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,"
    "StudyDate,StudyTime"
)


def stays() -> pl.DataFrame:
    return pl.DataFrame(
        {"subject_id": [10000032, 10000032], "stay_id": [1, 2],
         "intime": [START, START + timedelta(hours=72)],
         "outtime": [START + timedelta(hours=50), START + timedelta(hours=80)]}
    )  # fmt: skip


def write(folder: Path, *rows: tuple[str, int, int, str, str, str]) -> Path:
    """Rows of image, patient, study, view, date, time."""
    path = folder / "mimic-cxr-2.0.0-metadata.csv"
    lines = [
        f"{d},{p},{s},CHEST,{view},3056,2544,{date},{time}" for d, p, s, view, date, time in rows
    ]
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


def test_study_times_have_lost_their_leading_zeros(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        ("early", 10000032, 50, "AP", "21500301", "12959.9"),  # 01:29:59, a second too early
        ("first", 10000032, 51, "AP", "21500301", "13000.0"),
        ("side", 10000032, 51, "LATERAL", "21500301", "13000.0"),
        ("night", 10000032, 52, "PA", "21500302", "259.125"),  # 00:02:59
        ("noon", 10000032, 53, "", "21500302", "120000"),
        ("behind", 10000032, 54, "AP", "21500303", "13000"),  # hour 48
        ("second", 10000032, 55, "AP", "21500304", "020000"),
        ("odd", 10000032, 56, "AP", "21500302", "256161"),
        ("undated", 10000032, 57, "AP", "", "120000"),
        ("stranger", 11000032, 58, "AP", "21500302", "120000"),
    )
    found, steps = read_xrays(path, stays(), 48, "all")
    names = [Path(image).stem for image in found["image"]]
    assert names == ["side", "first", "night", "noon", "second"]
    assert found["image"][1] == "files/p10/p10000032/s51/first.jpg"
    minutes = found["minutes"].to_list()
    assert minutes == pytest.approx([0, 0, 22 * 60 + 32 + 59 / 60, 34.5 * 60, 30])
    counts = [(step.kept, step.dropped) for step in steps]
    assert counts == [(10, 0), (8, 2), (5, 3), (5, 0)]

    frontal, steps = read_xrays(path, stays(), 48, "frontal")
    assert [Path(image).stem for image in frontal["image"]] == ["first", "night", "second"]
    assert (steps[-1].kept, steps[-1].dropped) == (3, 2)
    day, _ = read_xrays(path, stays(), 24, "frontal")
    assert [Path(image).stem for image in last_xrays(day)["image"]] == ["night", "second"]
    hour, _ = read_xrays(path, stays(), 1, "all")
    # The frontal view of a study with both.
    assert [Path(image).stem for image in last_xrays(hour)["image"]] == ["first", "second"]


def test_an_image_named_twice_is_refused(tmp_path: Path) -> None:
    row = ("one", 10000032, 51, "AP", "21500301", "13000")
    with pytest.raises(DataError, match="has image one twice"):
        read_xrays(write(tmp_path, row, row), stays(), 48, "all")


def test_pixels_are_those_of_the_file_and_a_lost_file_is_named(tmp_path: Path) -> None:
    names = ["files/p10/p10000032/s51/a.jpg", "files/p10/p10000032/s52/b.jpg"]
    for name, shade in zip(names, (40, 200), strict=True):
        (tmp_path / name).parent.mkdir(parents=True)
        pixels = np.full((90, 60), shade, dtype=np.uint8)
        pixels[:, 30:] = 255 - shade
        Image.fromarray(pixels).save(tmp_path / name, quality=95)
    cache = tmp_path / "cache"
    cache.mkdir()
    fill(cache, xray_filling(tmp_path, names, 16))
    images = open_array(cache, "xray")
    assert (images.shape, images.dtype) == ((2, 1, 16, 16), np.uint8)
    assert isinstance(images, np.memmap)
    np.testing.assert_allclose(images[:, 0, 8, 2], [40, 200], atol=2)
    np.testing.assert_allclose(images[:, 0, 8, 13], [215, 55], atol=2)

    (tmp_path / names[1]).unlink()
    (cache / "plan-xray").unlink()
    with pytest.raises(DataError, match=r"1 of 2 xray cannot be read:\n.*s52/b\.jpg is not there"):
        fill(cache, xray_filling(tmp_path, names, 16))


def test_the_table_of_images_is_found(tmp_path: Path) -> None:
    assert metadata_file(tmp_path) is None
    path = write(tmp_path)
    assert metadata_file(tmp_path) == path
    packed = tmp_path / f"{path.name}.gz"
    packed.write_bytes(b"")
    assert metadata_file(tmp_path) == packed
