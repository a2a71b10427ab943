"""Chest X-rays of MIMIC-CXR-JPG: which images belong to a stay, and their pixels.

Dates of a patient are shifted alike in MIMIC-CXR and MIMIC-IV, so the time of a study can be held
against that of a stay (the rule of FuseMoE's code).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmark.core.errors import DataError
from benchmark.datasets._arrays import Filling
from benchmark.datasets._base import AttritionStep
from benchmark.datasets._csv_stream import stream_csv
from benchmark.datasets._images import read_image, resize
from benchmark.datasets.mimic.notes import stays_of

Views = Literal["all", "frontal"]
FRONTAL = ("AP", "PA")
FOLDERS = (
    "mimic-cxr-jpg-chest-radiographs-with-structured-labels-2.0.0",
    "mimic-cxr-jpg-chest-radiographs-with-structured-labels-2.1.0",
    "mimic-cxr-jpg-2.0.0",
    "mimic-cxr-jpg-2.1.0",
    "mimic-cxr-jpg/2.0.0",
    "mimic-cxr-jpg/2.1.0",
    "mimic-cxr-jpg",
)
_METADATA = "mimic-cxr-2.0.0-metadata.csv"
_COLUMNS: dict[str, type[pl.DataType]] = {
    "dicom_id": pl.String,
    "subject_id": pl.Int64,
    "study_id": pl.Int64,
    "ViewPosition": pl.String,
    "StudyDate": pl.String,
    "StudyTime": pl.String,
}


def metadata_file(folder: Path) -> Path | None:
    """Return the table of all images, compressed or not; None where it is not there."""
    places = (folder / f"{_METADATA}.gz", folder / _METADATA)
    return next((place for place in places if place.is_file()), None)


def read_xrays(
    path: Path, stays: pl.DataFrame, hours: int, views: Views
) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Return the X-rays of the first hours of stays, in time.

    An image belongs to a stay if its study began between ``intime`` and ``outtime``, and to the
    window if it began before the window ends.

    Args:
        path: The table of all images.
        stays: ``subject_id, stay_id, intime, outtime``, times as datetimes.
        hours: Length of the window.
        views: Every view, or frontal ones (AP, PA) only.

    Returns:
        ``stay_id, minutes, frontal, image``: minutes from ``intime``, whether the view is frontal,
        and the image's path below the release; and what each step left.

    Raises:
        DataError: The table is damaged or names an image twice.
    """
    read = [(piece.rows, _studies(piece.frame)) for piece in stream_csv(path, _COLUMNS)]
    rows = sum(count for count, _ in read)
    empty = _studies(pl.DataFrame(schema=_COLUMNS))
    table = pl.concat([empty, *(studies for _, studies in read)])
    doubled = table.filter(pl.col("dicom_id").is_duplicated())
    if len(doubled):
        raise DataError(f"{path} has image {doubled['dicom_id'][0]} twice", "use it as released")
    matched = table.join(stays_of(stays), on="subject_id")
    minutes = (pl.col("time") - pl.col("intime")).dt.total_seconds() / 60
    inside = pl.col("time").is_between("intime", "outtime") & (minutes < 60.0 * hours)
    of_window = matched.filter(inside)
    chosen = of_window.filter(pl.col("frontal")) if views == "frontal" else of_window
    steps = (
        AttritionStep("X-rays", rows),
        AttritionStep("with a time", len(table), rows - len(table), "date or time not readable"),
        AttritionStep(
            "of the window", len(of_window), len(table) - len(of_window), "taken at other times"
        ),
        AttritionStep(f"{views} views", len(chosen), len(of_window) - len(chosen), "not frontal"),
    )
    found = chosen.select("stay_id", minutes.alias("minutes"), "frontal", _image().alias("image"))
    return found.sort("stay_id", "minutes", "frontal", "image"), steps


def last_xrays(xrays: pl.DataFrame) -> pl.DataFrame:
    """Return the last image of every stay; of a study's several, a frontal one."""
    ordered = xrays.sort("stay_id", "minutes", "frontal", "image")
    return ordered.group_by("stay_id", maintain_order=True).tail(1)


def xray_filling(folder: Path, images: list[str], size: int) -> Filling:
    """Return the array ``xray`` of grey images, (N, 1, size, size) uint8, to be filled.

    Args:
        folder: The release.
        images: Paths below it.
        size: Side they are resized to, whatever their aspect.
    """
    return Filling(
        name="xray",
        shape=(1, size, size),
        dtype="uint8",
        items=[(folder / image, size) for image in images],
        labels=images,
        decode=decode_xray,
    )


def decode_xray(item: tuple[Path, int]) -> NDArray[np.uint8]:
    """Return one image, (1, size, size).

    Raises:
        DataError: The file is not there or cannot be read; names it.
    """
    path, size = item
    return resize(read_image(path, "L"), size)[None]


def _studies(rows: pl.DataFrame) -> pl.DataFrame:
    """Return images with the time of their study; those without a readable one are left out.

    ``StudyTime`` is HHMMSS with decimals, written as a number: leading zeros are lost.
    """
    clock = pl.col("StudyTime").str.strip_chars().str.split(".").list.first().str.zfill(6)
    date = pl.col("StudyDate").str.strip_chars()
    return rows.select(
        "dicom_id",
        "subject_id",
        "study_id",
        frontal=pl.col("ViewPosition").is_in(FRONTAL).fill_null(value=False),
        time=(date + clock).str.to_datetime("%Y%m%d%H%M%S", strict=False, time_unit="us"),
    ).filter(pl.col("time").is_not_null())


def _image() -> pl.Expr:
    """Return ``files/p10/p10000032/s50414267/<dicom_id>.jpg``."""
    subject = pl.col("subject_id").cast(pl.String)
    parts = (
        pl.lit("files/p") + subject.str.slice(0, 2) + "/p" + subject + "/s",
        pl.col("study_id").cast(pl.String) + "/" + pl.col("dicom_id") + ".jpg",
    )
    return parts[0] + parts[1]
