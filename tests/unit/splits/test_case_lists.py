from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.splits.case_lists import (
    CaseLists,
    case_list_digest,
    case_list_files,
    find_case_lists,
    read_case_lists,
)

#: As published: an index column, and the shorter list padded.
TEXT = ",train,val\n0,A,C\n1,B,\n2,D,\n"


def _write(folder: Path, name: str, text: str = TEXT) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def test_lists_of_unequal_length(tmp_path: Path) -> None:
    lists = read_case_lists(_write(tmp_path, "splits_0.csv"))
    assert lists == CaseLists(train=frozenset("ABD"), test=frozenset("C"))


def test_parts_and_counts_by_hand() -> None:
    lists = CaseLists(train=frozenset("AB"), test=frozenset("CX"))
    cohort = np.array(["A", "C", "E"])
    assert lists.parts(cohort).tolist() == ["train", "test", "none"]
    assert lists.unmatched(cohort) == (
        "split file: 2 of its patients are not in this cohort",
        "split file: 1 patients of this cohort are in no list, left out",
    )


def test_files_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("splits_10.csv", "splits_2.csv", "splits_0.csv"):
        _write(tmp_path / "mine", name)
    names = [path.name for path in case_list_files(tmp_path, "mine")]
    assert names == ["splits_0.csv", "splits_2.csv", "splits_10.csv"]


def test_a_file_is_found_by_its_content(tmp_path: Path) -> None:
    path = _write(tmp_path / "mine", "splits_0.csv")
    _write(tmp_path / "mine", "splits_1.csv", "train,val\nX,Y\n")
    digest = case_list_digest(path)
    path.rename(path.with_name("moved.csv"))
    assert find_case_lists(tmp_path, digest).train == frozenset("ABD")
    path.with_name("moved.csv").write_text(TEXT.replace("B", "E"))
    with pytest.raises(DataNotAvailable, match=f"no split file below .* {digest[:12]}"):
        find_case_lists(tmp_path, digest)


def test_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no column 'val'\nit needs the columns train and val"):
        read_case_lists(_write(tmp_path, "a.csv", "train,test\nA,B\n"))
    with pytest.raises(DataError, match=r"patient 'A' is in train and val \(1 pat"):
        read_case_lists(_write(tmp_path, "b.csv", "train,val\nA,A\nB,\n"))
    with pytest.raises(DataError, match="lists 1 train and 0 val patients"):
        read_case_lists(_write(tmp_path, "c.csv", "train,val\nA,\n"))


def test_no_such_folder(tmp_path: Path) -> None:
    _write(tmp_path / "tcga_blca", "splits_0.csv")
    with pytest.raises(DataNotAvailable, match=r"tcga_blac\nput .* did you mean 'tcga_blca'"):
        case_list_files(tmp_path, "tcga_blac")


def _fold(folder: Path, name: str, train: str = "A", test: str = "B") -> Path:
    """A fold as MMP publishes it: one row per slide, the case among other columns."""
    for part, cases in (("train", train), ("test", test)):
        rows = "".join(f"slide{k},{case},9\n" for k, case in enumerate(cases))
        _write(folder / name, f"{part}.csv", f"slide_id,case_id,days\n{rows}")
    return folder / name


def test_a_folder_with_train_and_test_is_a_fold(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    for k in (10, 2):
        _fold(mine, f"TCGA_X_k={k}", train="AAB", test="CC" if k == 2 else "D")
    (mine / "notes").mkdir()
    folds = case_list_files(tmp_path, "mine")
    assert [path.name for path in folds] == ["TCGA_X_k=2", "TCGA_X_k=10"]
    assert read_case_lists(folds[0]) == CaseLists(train=frozenset("AB"), test=frozenset("C"))
    digests = [case_list_digest(path) for path in folds]
    assert len(set(digests)) == 2
    folds[1].rename(mine / "moved")
    assert find_case_lists(tmp_path, digests[1]).test == frozenset("D")


def test_moving_a_patient_from_one_file_to_the_other_changes_the_digest(tmp_path: Path) -> None:
    # The bytes of both files, one behind the other, are the same.
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, train, test in ((one, "ab", "cd"), (other, "abc", "d")):
        _write(folder, "train.csv", train)
        _write(folder, "test.csv", test)
    assert case_list_digest(one) != case_list_digest(other)


def test_what_is_wrong_with_a_fold(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"patient 'A' is in train and val \(1 pat"):
        read_case_lists(_fold(tmp_path, "a", train="AB", test="A"))
    fold = _fold(tmp_path, "b")
    (fold / "test.csv").write_text("slide_id,case\nx,A\n")
    with pytest.raises(DataError, match=r"test\.csv has no column 'case_id'\nit needs the column "):
        read_case_lists(fold)
