"""What is attached to stays: radiology reports as vectors, and chest X-rays.

Both come from releases of their own, which lie in the folder of MIMIC-IV, beside it, among the
data, or where ``--data mimic_note=PATH`` and ``--data mimic_cxr=PATH`` say. Where one is not there,
its modality is missing in every stay.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmark.core.errors import DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.core.spec import canonical_json
from benchmark.datasets import _clinical_text
from benchmark.datasets._arrays import Indexed, fill, open_array, readable
from benchmark.datasets._base import AttritionStep, DataContext, Progress, silent
from benchmark.datasets._clinical_text import find_text_model
from benchmark.datasets._prepared import (
    make_once,
    prepared_folder,
    read_attrition,
    write_attrition,
)
from benchmark.datasets._text import count_terms
from benchmark.datasets.icu.stays import StayData
from benchmark.datasets.mimic import notes, xray_vectors, xrays
from benchmark.datasets.mimic.attached_config import AttachedConfig
from benchmark.datasets.mimic.xray_vectors import find_weights

NOTE, XRAY = "note", "xray"
#: Raised when what is written into the cache changes.
PREPARED = 1


@dataclass(frozen=True)
class Attached:
    """Releases beside that of the stays.

    Attributes:
        radiology: Table of radiology reports; None where it is not there.
        metadata: Table of all X-rays; likewise.
    """

    radiology: Path | None
    metadata: Path | None

    @property
    def tables(self) -> list[Path]:
        """Tables whose content is part of the data's fingerprint."""
        return [one for one in (self.radiology, self.metadata) if one is not None]

    @property
    def media(self) -> list[Path]:
        """Folders whose file names and sizes are part of it."""
        folder = self.metadata.parent / "files" if self.metadata else None
        return [folder] if folder is not None and folder.is_dir() else []


def find_attached(root: Path, paths: Paths) -> Attached:
    """Find the releases of notes and X-rays that go with a release of MIMIC-IV.

    Raises:
        DataNotAvailable: A folder that was named holds no such release.
    """
    reports = [notes.note_file(one, "radiology") for one in _places(root, paths, "mimic_note")]
    images = [xrays.metadata_file(one) for one in _places(root, paths, "mimic_cxr")]
    found = Attached(*(next((one for one in each if one), None) for each in (reports, images)))
    for name, table in (("mimic_note", found.radiology), ("mimic_cxr", found.metadata)):
        if name in paths.releases and table is None:
            raise DataNotAvailable(
                f"--data {name}={paths.releases[name]}: no table of notes or X-rays is there",
                "name the folder with note/radiology.csv.gz or mimic-cxr-2.0.0-metadata.csv.gz",
            )
    return found


def _places(root: Path, paths: Paths, name: str) -> list[Path]:
    if name in paths.releases:
        return [paths.releases[name]]
    folders = notes.FOLDERS if name == "mimic_note" else xrays.FOLDERS
    above = [root, root.parent, *([paths.data] if paths.data else [])]
    return [root, *(place / folder for place in above for folder in folders)]


def with_networks(data: str, config: AttachedConfig, paths: Paths) -> str:
    """Return the fingerprint of data, and of the networks that notes and X-rays go through.

    Raises:
        DataNotAvailable: A network that the options name is not here.
    """
    digests = {}
    if config.text_model is not None:
        digests[NOTE] = find_text_model(config.text_model, paths).digest
    if config.xray_model is not None:
        _, digests[XRAY] = find_weights(config.xray_model, paths)
    if not digests:
        return data
    return hashlib.sha256(canonical_json([data, digests]).encode()).hexdigest()


def prepare_attached(
    data: str,
    found: Attached,
    stays: pl.DataFrame,
    config: AttachedConfig,
    context: DataContext,
    jobs: int = 1,
    progress: Progress = silent,
) -> None:
    """Extract reports and decode X-rays of all stays; a second call finds them done.

    Args:
        data: Fingerprint of the releases.
        found: Where they are.
        stays: ``subject_id, stay_id, intime, outtime`` of all stays, whatever the cohort.
        config: Window and what is kept.
        context: Folders.
        jobs: Processes.
        progress: Is told how far it is.

    Raises:
        DataError: A table or an image cannot be read; names it.
    """

    def make(part: Path) -> None:
        steps = [*_make_notes(part, found, stays, config, progress)]
        steps += _make_xrays(part, found, stays, config, jobs, progress)
        write_attrition(part, steps)

    folder = _folder(data, config, context)
    make_once(folder, make, context, progress)
    _text_vectors(folder, _reports(folder, config), config, context, jobs, progress)
    _xray_vectors(folder, config, context, jobs, progress)


def is_attached(data: str, config: AttachedConfig, context: DataContext) -> bool:
    """Tell whether :func:`prepare_attached` has nothing left to do."""
    folder = _folder(data, config, context)
    wanted = [folder]
    if config.text_model is not None:
        model = find_text_model(config.text_model, context.paths)
        name = _texts_name(folder, config)
        wanted.append(
            _clinical_text.vectors_folder("mimic", name, model, config.text_chunks, context)
        )
    if config.xray_model is not None:
        weights = find_weights(config.xray_model, context.paths)
        wanted.append(xray_vectors.vectors_folder(folder.name, weights, context))
    return all(one.is_dir() for one in wanted)


def attached_steps(
    data: str, config: AttachedConfig, context: DataContext
) -> tuple[AttritionStep, ...]:
    """Return what the steps to reports and X-rays left; nothing before they were extracted."""
    return read_attrition(_folder(data, config, context))


def stays_with(data: str, config: AttachedConfig, context: DataContext) -> dict[str, set[int]]:
    """Return the stays that have a report, and those that have an X-ray, by modality."""
    folder = _folder(data, config, context)
    images = pl.read_parquet(folder / "xrays.parquet")["stay_id"].to_numpy()
    return {
        NOTE: set(_reports(folder, config)["stay_id"].to_list()),
        XRAY: set(images[readable(folder, XRAY)].tolist()),
    }


def attached_data(
    data: str, ids: Sequence[int], config: AttachedConfig, context: DataContext
) -> tuple[StayData, dict[str, NDArray[np.bool_]]]:
    """Return notes and X-rays of some stays, and which of them have any.

    Args:
        data: Fingerprint of the releases.
        ids: ``stay_id`` of the stays, in order.
        config: Window and what is kept.
        context: Folders.
    """
    folder = _folder(data, config, context)
    reports = _reports(folder, config)
    images = _xrays(folder, ids)
    shown = _xray_vectors(folder, config, context)
    views = {} if shown is None else {XRAY: Indexed(shown, images.positions)}
    vectors = _text_vectors(folder, reports, config, context)
    seen = {XRAY: images.positions >= 0}
    if vectors is None:
        texts = notes.joined_texts(reports)
        joined = [texts.get(one, "") for one in ids]
        counts = count_terms(joined)
        seen[NOTE] = np.array([one.nnz > 0 for one in counts])
        return StayData(notes={NOTE: counts}, images={XRAY: images}, image_vectors=views), seen
    position = {stay: row for row, stay in enumerate(ids)}
    rows = np.array([position.get(one, -1) for one in reports["stay_id"]], dtype=np.int64)
    each, count = _by_stay(vectors, rows, len(ids), config.note_count)
    seen[NOTE] = count > 0
    inputs = StayData(images={XRAY: images}, image_vectors=views)
    if config.note_form == "each":
        return replace(inputs, texts={NOTE: each}, text_counts={NOTE: count}), seen
    mean = each.sum(axis=1, dtype=np.float64) / np.maximum(count, 1)[:, None]
    return replace(inputs, texts={NOTE: mean.astype(np.float32)}), seen


def _folder(data: str, config: AttachedConfig, context: DataContext) -> Path:
    options = {
        "window_hours": config.window_hours,
        "note_time": config.note_time,
        "xray_views": config.xray_views,
        "xray_size": config.xray_size,
        "broken": config.broken,
    }
    return prepared_folder("mimic-attached", data, options, PREPARED, context)


def _make_notes(
    part: Path, found: Attached, stays: pl.DataFrame, config: AttachedConfig, progress: Progress
) -> tuple[AttritionStep, ...]:
    if found.radiology is None:
        pl.DataFrame(schema=notes.SCHEMA).write_parquet(part / "reports.parquet")
        return ()
    parts = part / "parts_reports"
    reports, steps = notes.read_radiology(
        found.radiology, stays, config.window_hours, config.note_time, parts, progress
    )
    reports.write_parquet(part / "reports.parquet")
    shutil.rmtree(parts)
    return steps


def _make_xrays(
    part: Path,
    found: Attached,
    stays: pl.DataFrame,
    config: AttachedConfig,
    jobs: int,
    progress: Progress,
) -> tuple[AttritionStep, ...]:
    empty = pl.DataFrame(schema={"stay_id": pl.Int64, "image": pl.String})
    chosen, root = empty, part
    steps: tuple[AttritionStep, ...] = ()
    if found.metadata is not None:
        root = found.metadata.parent
        table, steps = xrays.read_xrays(
            found.metadata, stays, config.window_hours, config.xray_views
        )
        chosen = xrays.last_xrays(table).select("stay_id", "image")
    chosen.write_parquet(part / "xrays.parquet")
    filling = xrays.xray_filling(root, chosen["image"].to_list(), config.xray_size)
    fill(part, filling, jobs, config.broken == "skip", progress)
    return steps


def _reports(folder: Path, config: AttachedConfig) -> pl.DataFrame:
    return notes.last_reports(pl.read_parquet(folder / "reports.parquet"), config.note_count)


def _xrays(folder: Path, ids: Sequence[int]) -> Indexed:
    images = open_array(folder, XRAY)
    there = readable(folder, XRAY)
    stays = pl.read_parquet(folder / "xrays.parquet")["stay_id"].to_list()
    position = {stay: at for at, stay in enumerate(stays) if there[at]}
    return Indexed(images, np.array([position.get(one, -1) for one in ids], dtype=np.int64))


def _text_vectors(
    folder: Path,
    reports: pl.DataFrame,
    config: AttachedConfig,
    context: DataContext,
    jobs: int = 1,
    progress: Progress = silent,
) -> NDArray[np.float32] | None:
    """Return the transformer's vector of every report, (K, D); None without a transformer."""
    if config.text_model is None:
        return None
    # A report of two stays that follow each other is named once for each.
    ids = [f"{stay}/{note}" for stay, note in reports.select("stay_id", "note_id").iter_rows()]
    model = find_text_model(config.text_model, context.paths)
    texts = reports["text"].to_list()
    name = _texts_name(folder, config)
    return _clinical_text.text_vectors(
        "mimic", name, ids, texts, model, config.text_chunks, context, jobs, progress
    )


def _texts_name(folder: Path, config: AttachedConfig) -> str:
    """Return what names the reports kept: the folder's name tells data, window and time."""
    return f"{folder.name}-{config.note_count}"


def _xray_vectors(
    folder: Path,
    config: AttachedConfig,
    context: DataContext,
    jobs: int = 1,
    progress: Progress = silent,
) -> NDArray[np.float32] | None:
    """Return the network's vector of every X-ray, (K, 1024); None without a network."""
    if config.xray_model is None:
        return None
    count = len(pl.read_parquet(folder / "xrays.parquet"))
    weights = find_weights(config.xray_model, context.paths)
    images = folder / f"{XRAY}.npy"
    # The folder's name tells the data and how X-rays were chosen and resized.
    return xray_vectors.xray_vectors(folder.name, images, count, weights, context, jobs, progress)


def _by_stay(
    vectors: NDArray[np.float32], rows: NDArray[np.int64], n: int, most: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the vectors of every stay in time, (n, most, D), zeros behind the last; and how many.

    Args:
        vectors: (K, D), stay by stay in time.
        rows: (K,) position of each one's stay, -1 where it is not wanted.
        n: Stays wanted.
        most: Vectors a stay has at most.
    """
    kept = np.flatnonzero(rows >= 0)
    order = kept[np.argsort(rows[kept], kind="stable")]
    counts = np.bincount(rows[order], minlength=n)
    place = np.arange(len(order)) - (np.cumsum(counts) - counts)[rows[order]]
    each = np.zeros((n, most, vectors.shape[1]), dtype=np.float32)
    each[rows[order], place] = vectors[order]
    return each, counts
