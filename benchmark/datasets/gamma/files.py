"""Where the files of GAMMA are, and what its table of grades says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.datasets.gamma.config import GRADES

CASES = 100
_IMAGES = "multi-modality_images"
_TABLE = "glaucoma_grading_training_GT.xlsx"
_MASKS = "Disc_Cup_Mask"
#: Folders seen in copies of the release, the usual one first.
_GRADING = (
    "Glaucoma_grading/training",
    "Glaucoma_grading/training_data",
    "Glaucoma_grading/GAMMA_training data",
    "training",
    "training_data",
    "GAMMA_training data",
)
_DISCS = (
    "task3_disc_cup_segmentation/training",
    "task3_disc_cup_segmentation/training_data",
    "task3_disc_cup_segmentation/GAMMA_training data",
)


@dataclass(frozen=True)
class Layout:
    """The folders found.

    Attributes:
        images: Has one folder per case.
        table: Grades.
        masks: Folder of masks; None where it is not here.
    """

    images: Path
    table: Path
    masks: Path | None


def find_layout(root: Path, segmentation: bool) -> Layout:
    """Find the folders of the labelled cases.

    Raises:
        DataNotAvailable: Images or grades are not there, or masks, where these are wanted.
    """
    grading = next((root / one for one in _GRADING if (root / one / _IMAGES).is_dir()), None)
    if grading is None:
        raise DataNotAvailable(
            f"{root} has no {_GRADING[0]}/{_IMAGES}, so it is not a folder of GAMMA",
            "point --data gamma=PATH at the folder that holds Glaucoma_grading",
        )
    if not (grading / _TABLE).is_file():
        raise DataNotAvailable(
            f"{grading / _TABLE} is not there", "put the table of grades beside the images"
        )
    masks = next((root / one / _MASKS for one in _DISCS if (root / one / _MASKS).is_dir()), None)
    if masks is None and segmentation:
        raise DataNotAvailable(
            f"{root} has no {_DISCS[0]}/{_MASKS}",
            "put the masks of task 3 there, or do without (option segmentation: false)",
        )
    return Layout(grading / _IMAGES, grading / _TABLE, masks)


def read_grades(path: Path) -> dict[str, int]:
    """Return the grade of each case, 0 non, 1 early, 2 mid_advanced, in the table's order.

    Raises:
        DataError: openpyxl is not installed, the file is no workbook, lacks a column, or a row
            does not name one grade of a case; the row is named.
    """
    rows = _rows(path)
    header = [str(cell or "").strip() for cell in rows[0]] if rows else []
    needed = ("data", *GRADES)
    if lacking := [name for name in needed if name not in header]:
        raise DataError(f"{path} has no column {lacking[0]!r}", f"it has: {', '.join(header)}")
    places = [header.index(name) for name in needed]
    grades: dict[str, int] = {}
    for line, row in enumerate(rows[1:], start=2):
        case, *marks = (_whole(row[place]) for place in places)
        if all(cell is None for cell in row):
            continue
        if sorted(map(str, marks)) != ["0", "0", "1"] or not str(case).isdigit():
            raise DataError(
                f"{path}: row {line} (case {case!r}) holds {marks} in {', '.join(GRADES)}, "
                "not a single 1",
                "compare the file with the official release",
            )
        grades[f"{int(str(case)):04d}"] = [str(mark) for mark in marks].index("1")
    return grades


def _whole(cell: Any) -> Any:
    """Return a number that a workbook stored as 1.0 as 1."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _rows(path: Path) -> list[tuple[Any, ...]]:
    try:
        import openpyxl
    except ImportError:
        raise DataError(f"{path} needs openpyxl", "pip install 'mmbench[medical]'") from None
    from zipfile import BadZipFile

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            return list(book.worksheets[0].iter_rows(values_only=True))
        finally:
            book.close()
    except (BadZipFile, KeyError, OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read as a workbook: {error}", "fetch it again"
        ) from error


def usual_slices(folders: Iterable[Path]) -> int | None:
    """Return how many slices most volumes have; the larger of two numbers that tie.

    A volume that lacks slices is then told from a whole one, however many a release has.
    """
    counts = Counter(sum(1 for _ in folder.glob("*.jpg")) for folder in folders)
    del counts[0]
    return max(counts, key=lambda count: (counts[count], count), default=None)


def slices_of(folder: Path) -> list[Path]:
    """Return the slices of a volume in the order of their numbers.

    Raises:
        DataError: There are fewer than three, a name without a number, or a number twice.
    """
    numbered: dict[int, Path] = {}
    for path in folder.glob("*.jpg"):
        number = path.stem.partition("_")[0]
        if not number.isdigit() or int(number) in numbered:
            raise DataError(
                f"{path} is no numbered slice, or the second of its number",
                "slices are named <number>_*.jpg",
            )
        numbered[int(number)] = path
    if len(numbered) < 3:
        raise DataError(
            f"{folder} holds {len(numbered)} slices of a volume", "complete the release"
        )
    return [numbered[number] for number in sorted(numbered)]
