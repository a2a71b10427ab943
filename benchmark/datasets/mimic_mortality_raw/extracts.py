"""What is read of event tables for the index admissions: means, categories of codes, summaries.

Nothing dated after the discharge of the index admission is read. Every table is read once, in
pieces, and what a piece gives is small: memory depends on the patients taken, not on the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from benchmark.core.errors import DataError
from benchmark.datasets._base import AttritionStep, Progress, silent
from benchmark.datasets.icu.extract import Extracted, extract, load_parts
from benchmark.datasets.icu.leaks import refuse_outcomes
from benchmark.datasets.mimic.notes import refuse_other_notes
from benchmark.datasets.mimic.phenotypes import with_plain_codes
from benchmark.datasets.mimic.release import check_rows
from benchmark.datasets.mimic.tables import (
    TIME_FORMAT,
    needed_file,
    raw_types,
    read_table,
    with_times,
)

#: Items are below this number.
_ITEMS = 2**20
_VALUES = {
    "labevents": ("subject_id", "hadm_id", "itemid", "charttime", "valuenum"),
    "chartevents": ("stay_id", "itemid", "charttime", "valuenum"),
}
_CODES = {
    "diagnoses_icd": ("hadm_id", "seq_num", "icd_code", "icd_version"),
    "procedures_icd": ("hadm_id", "seq_num", "icd_code", "icd_version"),
}
_NOTE: dict[str, type[pl.DataType]] = {
    "note_id": pl.String,
    "hadm_id": pl.Int64,
    "note_type": pl.String,
    "note_seq": pl.Int64,
    "storetime": pl.String,
    "text": pl.String,
}


def item_means(
    root: Path,
    name: str,
    index: pl.DataFrame,
    version: str | None,
    folder: Path,
    progress: Progress = silent,
) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Return the mean value of every item over the index admissions.

    A laboratory value belongs to an admission by ``hadm_id``; one without it (a quarter of them)
    by its time. A charted value belongs to the admission of its stay.

    Args:
        root: Folder of the release.
        name: ``labevents`` or ``chartevents``.
        index: As of :func:`.cohort.choose`.
        version: Of the release, for the number of rows; None where it is not known.
        folder: Where the extraction is kept while it goes on.
        progress: Is told of rows read.

    Returns:
        ``row, itemid, mean``, sorted; and what became of the table's rows.
    """
    refuse_outcomes(name, _VALUES[name])
    if name == "chartevents":
        stays = read_table(root, "icustays", ["hadm_id"]).join(index, on="hadm_id")
        keep = partial(_charted, stays.select("stay_id", "row", "dischtime"))
    else:
        keep = partial(_measured, index)
    path = needed_file(root, name)
    state = extract(path, raw_types(name, _VALUES[name]), keep, folder, progress)
    check_rows(root, version, name, state.rows)
    found = load_parts(folder, state)
    sums = _summed(_NO_SUMS if found is None else found)
    listed = read_table(root, "d_labitems" if name == "labevents" else "d_items", [])
    known = sums.join(listed, on="itemid", how="semi", maintain_order="left")
    used = int(known["count"].sum())
    strange = int(sums["count"].sum()) - used
    why = "other admissions, after discharge, or no number"
    steps = (
        AttritionStep(f"rows of {name}", state.rows),
        AttritionStep(
            "of index admissions", used + strange, state.rows - used - strange, why + _lost(state)
        ),
        AttritionStep("of known items", used, strange, "in no dictionary" if strange else ""),
    )
    mean = (pl.col("sum") / pl.col("count")).alias("mean")
    return known.select("row", "itemid", mean), steps


_NO_SUMS = pl.DataFrame(
    schema={"row": pl.UInt32, "itemid": pl.Int64, "sum": pl.Float64, "count": pl.Int64}
)


def _measured(index: pl.DataFrame, piece: pl.DataFrame) -> pl.DataFrame:
    """Return sums and counts of a piece of ``labevents``."""
    near = _near("labevents", piece, index, "subject_id")
    matched = near.join(index.rename({"hadm_id": "index"}), on="subject_id", maintain_order="left")
    own = (pl.col("hadm_id") == pl.col("index")) | (
        pl.col("hadm_id").is_null() & (pl.col("charttime") >= pl.col("admittime"))
    )
    return _sums(matched.filter(own))


def _charted(stays: pl.DataFrame, piece: pl.DataFrame) -> pl.DataFrame:
    """Return sums and counts of a piece of ``chartevents``."""
    near = _near("chartevents", piece, stays, "stay_id")
    return _sums(near.join(stays, on="stay_id", maintain_order="left"))


def _near(name: str, piece: pl.DataFrame, wanted: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return the rows of those wanted, with times; only theirs are worth converting."""
    kept = piece.join(wanted.select(key), on=key, how="semi", maintain_order="left")
    return with_times(name, kept)


def _sums(rows: pl.DataFrame) -> pl.DataFrame:
    known = pl.col("charttime") <= pl.col("dischtime")
    chosen = rows.filter(known & pl.col("valuenum").is_finite())
    return _summed(
        chosen.select("row", "itemid", sum=pl.col("valuenum"), count=pl.lit(1, dtype=pl.Int64))
    )


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    """Add up by row and item, in the order the rows come in, so that equal data gives equal bits.

    Raises:
        DataError: An item has a number that no item has.
    """
    if not len(rows):
        return _NO_SUMS
    items = rows["itemid"].to_numpy().astype(np.int64)
    if items.min() < 0 or items.max() >= _ITEMS:
        raise DataError(f"itemid {items.max()} is no item of MIMIC-IV", "use the file as released")
    keys = rows["row"].to_numpy().astype(np.int64) * _ITEMS + items
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    return pl.DataFrame(
        {
            "row": (keys[order][starts] // _ITEMS).astype(np.uint32),
            "itemid": keys[order][starts] % _ITEMS,
            "sum": np.add.reduceat(rows["sum"].to_numpy()[order], starts),
            "count": np.add.reduceat(rows["count"].to_numpy()[order], starts),
        }
    )


def categories(
    root: Path,
    name: str,
    index: pl.DataFrame,
    equivalents: pl.DataFrame,
    own_procedures: bool,
    version: str | None,
    folder: Path,
    progress: Progress = silent,
) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Return the categories that the index admissions are coded with.

    A category is the first three characters of an ICD-9 code, four of an external cause (``E885``);
    diagnoses start with ``D``, procedures with ``P``, those of ICD-10-PCS with ``T``.

    Args:
        root: Folder of the release.
        name: ``diagnoses_icd`` or ``procedures_icd``.
        index: As of :func:`.cohort.choose`.
        equivalents: ``icd10, icd9``, a row per pair of codes.
        own_procedures: Whether ICD-10-PCS codes have categories of their own.
        version: Of the release.
        folder: Where the extraction is kept while it goes on.
        progress: Is told of rows read.

    Returns:
        ``row, category``, distinct and sorted; and what became of the codes.

    Raises:
        DataError: A diagnosis has the same number as another of its admission.
    """
    refuse_outcomes(name, _CODES[name])
    path, admissions = needed_file(root, name), index.select("row", "hadm_id")
    state = extract(path, raw_types(name, _CODES[name]),
                    partial(_of_admissions, admissions), folder, progress)  # fmt: skip
    check_rows(root, version, name, state.rows)
    found = load_parts(folder, state)
    if found is None:
        return _NO_CATEGORIES, (AttritionStep(f"rows of {name}", state.rows, why="of no one"),)
    doubled = found.filter(pl.struct("hadm_id", "seq_num").is_duplicated())
    if len(doubled):
        one = doubled.row(0, named=True)
        raise DataError(
            f"{path} has hadm_id {one['hadm_id']}, seq_num {one['seq_num']} twice",
            "use the file as released",
        )
    plain = with_plain_codes(found)
    of_tens = equivalents.filter(pl.col("icd10").is_in(plain["icd_code"].to_list()))
    nines = dict(of_tens.group_by("icd10").agg(pl.col("icd9").sort()).iter_rows())
    found_of = [
        _categories(name, code, edition, nines, own_procedures)
        for code, edition in plain.select("icd_code", "icd_version").iter_rows()
    ]
    mapped = sum(bool(one) for one in found_of)
    pairs = [
        (row, category)
        for row, some in zip(plain["row"].to_list(), found_of, strict=True)
        for category in some
    ]
    steps = (
        AttritionStep(f"rows of {name}", state.rows),
        AttritionStep("of index admissions", len(plain), state.rows - len(plain),
                      "other admissions" + _lost(state)),
        AttritionStep("with a category", mapped, len(plain) - mapped,
                      "no ICD-9 code is known" if mapped < len(plain) else ""),
    )  # fmt: skip
    rows = pl.DataFrame(pairs, schema=_NO_CATEGORIES.schema, orient="row")
    return rows.unique().sort("row", "category"), steps


_NO_CATEGORIES = pl.DataFrame(schema={"row": pl.UInt32, "category": pl.String})


def _of_admissions(admissions: pl.DataFrame, piece: pl.DataFrame) -> pl.DataFrame:
    return piece.join(admissions, on="hadm_id")


def _categories(
    name: str, code: str | None, edition: int | None, nines: Mapping[str, list[str]], own: bool
) -> list[str]:
    """Return the categories of one code; none where it has none."""
    if not code or edition not in (9, 10):
        return []
    diagnosis = name == "diagnoses_icd"
    if edition == 10 and not diagnosis:
        return [f"T{code[:3]}"] if own else []
    codes = [code] if edition == 9 else nines.get(code, [])
    letter = "D" if diagnosis else "P"
    return list(dict.fromkeys(f"{letter}{one[: 4 if one[0] == 'E' else 3]}" for one in codes))


def summaries(
    path: Path,
    index: pl.DataFrame,
    days: int | None,
    folder: Path,
    progress: Progress = silent,
) -> tuple[list[Path], tuple[AttritionStep, ...]]:
    """Extract the discharge summaries of the index admissions; addenda are left out.

    Args:
        path: ``discharge.csv.gz``.
        index: As of :func:`.cohort.choose`.
        days: After discharge, within which a summary must have been stored; None takes all.
        folder: Where the extraction is kept.
        progress: Is told of rows read.

    Returns:
        Parquet parts with ``row, note_seq, text``; and what became of the notes.

    Raises:
        DataError: The table holds notes that are no discharge summaries.
    """
    keep = partial(_summary, index.select("row", "hadm_id", "dischtime"), days, path)
    state = extract(path, _NOTE, keep, folder, progress)
    why = "other admissions, addenda, blank" + (f", stored later than {days} days" if days else "")
    steps = (
        AttritionStep("discharge summaries", state.rows),
        AttritionStep("of index admissions", state.kept, state.rows - state.kept, why),
    )
    return [folder / name for name in state.parts], steps


def _summary(
    index: pl.DataFrame, days: int | None, path: Path, piece: pl.DataFrame
) -> pl.DataFrame:
    refuse_other_notes(piece, "discharge", path)
    chosen = piece.filter(
        (pl.col("note_type") == "DS") & (pl.col("text").str.strip_chars() != "")
    ).join(index, on="hadm_id")
    if days is not None:
        stored = pl.col("storetime").str.to_datetime(TIME_FORMAT, strict=False)
        chosen = chosen.filter(stored <= pl.col("dischtime").dt.offset_by(f"{days}d"))
    return chosen.select("row", "note_seq", "text")


def word_counts(parts: list[Path], rows: int) -> csr_matrix:
    """Count the words of every patient's summaries, (rows, words in order of spelling).

    One part is in memory at a time.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    owners: list[int] = []

    def texts() -> Iterator[str]:
        for part in parts:
            for row, text in pl.read_parquet(part).select("row", "text").iter_rows():
                owners.append(row)
                yield text

    if not parts:
        return csr_matrix((rows, 1), dtype=np.float32)
    try:
        counts = CountVectorizer(dtype=np.float32).fit_transform(texts())
    except ValueError:  # summaries without a single word
        return csr_matrix((rows, 1), dtype=np.float32)
    owner = np.array(owners, dtype=np.int64)
    place = csr_matrix((np.ones(len(owner), np.float32), (owner, np.arange(len(owner)))),
                       shape=(rows, len(owner)))  # fmt: skip
    return csr_matrix(place @ counts)


def _lost(state: Extracted) -> str:
    count = sum(state.unreadable.values())
    columns = ", ".join(sorted(state.unreadable))
    return f" ({count} values of {columns} are no numbers)" if count else ""
