"""The eICU dataset: unit stays with measurements, coded events, notes and facts."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

from benchmark.core.errors import DataNotAvailable
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.datasets._base import AttritionStep, DataContext, Progress, silent
from benchmark.datasets._csv_stream import stream_csv
from benchmark.datasets._digest import data_fingerprint
from benchmark.datasets._prepared import make_once, prepared_folder, read_attrition
from benchmark.datasets._release import Found, locate
from benchmark.datasets._text import count_terms
from benchmark.datasets.eicu import cohort
from benchmark.datasets.eicu.config import (
    APACHE_APS,
    APACHE_HOURS,
    APACHE_PRED,
    CHANNELS,
    CODED,
    DEMO_STAYS,
    DEMOGRAPHICS,
    FOLDERS,
    FULL_STAYS,
    HOURLY_CHANNELS,
    TASKS,
    EICUConfig,
)
from benchmark.datasets.eicu.prepared import (
    coded_counts,
    read_coded,
    read_series,
    write_prepared,
)
from benchmark.datasets.eicu.tables import STAY, table_file
from benchmark.datasets.icu.stays import (
    StayData,
    StayDataset,
    events_modality,
    series_modality,
)

#: Raised when what :meth:`EICU.prepare` writes changes.
PREPARED = 3
OPTIONAL = ("diagnosis", "treatment", "medication", "lab", "note", "vitalPeriodic",
            "vitalAperiodic", "nurseCharting", "apacheApsVar", "apachePredVar",
            "apachePatientResult")  # fmt: skip


class EICU(StayDataset):
    """Unit stays; see the package's text.

    Args:
        config: Cohort, window, outcomes.
        context: Folders and source.

    Raises:
        DataNotAvailable: The release, or the hourly export asked for, is not here.
        DataError: A table is damaged or not laid out as released.
    """

    config_class = EICUConfig
    config: EICUConfig

    def __init__(self, config: EICUConfig, context: DataContext) -> None:
        super().__init__(config, context)
        self.prepare(config, context)
        self.release = self.probe(config, context)
        self.component = self.describe(config)
        folder = _folder(config, context)
        stays, _ = _chosen(config, folder)
        self.data = _inputs(config, folder, stays)
        self.samples = _samples(self.component, config, stays, self.data)

    @classmethod
    def probe(cls, config: EICUConfig, context: DataContext) -> Release:
        """Hash the tables; the complete release counts as ``real``, the demo as ``partial``."""
        found = _found(config, context)
        return found.release(
            title="eICU Collaborative Research Database",
            version="2.0",
            cohort=_cohort_text(config),
            terms="PhysioNet Credentialed Health Data License 1.5.0 (demo: ODbL 1.0)",
            content=lambda: _fingerprint(config, context, found),
            credentialed=found.source == "real",
        )

    @classmethod
    def describe(cls, config: EICUConfig) -> Component:
        """Nine modalities and four tasks; windows below a day have no APACHE modality."""
        channels = HOURLY_CHANNELS if config.series == "hourly" else CHANNELS
        vectors = {"demographics": len(DEMOGRAPHICS)}
        if config.window_hours >= APACHE_HOURS:
            vectors = {"apache": len(APACHE_APS) + len(APACHE_PRED), **vectors}
            vectors["apache_prediction"] = 1
        return Component(
            dataset="eicu",
            modalities=(
                series_modality(config, "series", len(channels)),
                *(events_modality(config, name) for name in CODED),
                Modality(name="note", kind="text", shape=(config.note_width,)),
                *(
                    Modality(name=name, kind="vector", shape=(2 * width,))
                    for name, width in vectors.items()
                ),
            ),
            tasks=tuple(Task(name=name, kind="binary", classes=("no", "yes")) for name in TASKS),
        )

    @classmethod
    def prepare(
        cls, config: EICUConfig, context: DataContext, jobs: int = 1, progress: Progress = silent
    ) -> None:
        """Extract what the cohort needs of every event table; goes on after a kill."""
        folder = _folder(config, context)
        if not folder.is_dir():
            root = _found(config, context).ready(progress)
            hourly = _hourly_files(config, context, root)
            make_once(
                folder,
                lambda part: write_prepared(root, hourly, config, part, jobs, progress),
                context,
                progress,
            )

    @classmethod
    def is_prepared(cls, config: EICUConfig, context: DataContext) -> bool:
        """Tell whether every event table was extracted."""
        return _folder(config, context).is_dir()

    @classmethod
    def attrition(cls, config: EICUConfig, context: DataContext) -> tuple[AttritionStep, ...]:
        """Return what the cohort and the tables leave; nothing before the release is prepared."""
        folder = _folder(config, context)
        if not folder.is_dir():
            return ()
        return (*_chosen(config, folder)[1], *read_attrition(folder))


def _found(config: EICUConfig, context: DataContext) -> Found:
    return locate("eicu", FOLDERS, config, context, _complete)


def _complete(root: Path) -> tuple[Literal["real", "partial"], str]:
    path = table_file(root, "patient")
    if path is None:
        raise DataNotAvailable(f"{root} has no patient.csv.gz", "point --data eicu=PATH at eICU")
    rows = _row_count(path, path.stat().st_size, path.stat().st_mtime_ns)
    there = [name for name in OPTIONAL if table_file(root, name)]
    text = f"{rows:,} stays, {len(there)} of {len(OPTIONAL)} event tables"
    whole = rows == FULL_STAYS and len(there) == len(OPTIONAL)
    return ("real" if whole else "partial"), text + (" (demo)" if rows == DEMO_STAYS else "")


@lru_cache(maxsize=8)
def _row_count(path: Path, size: int, mtime: int) -> int:
    """Count the rows of a table; size and time of change are part of the key."""
    return sum(piece.rows for piece in stream_csv(path, {STAY: pl.Int64}))


def _cohort_text(config: EICUConfig) -> str:
    texts = {
        "window": f"adults, unit stay of at least {config.window_hours} h",
        "codes": "age 18 to 89, unit stay of 12 h to 10 d, 3 to 256 coded events",
        "all": "every adult stay, short ones included",
    }
    source = "hourly export" if config.series == "hourly" else "official tables"
    return f"{texts[config.cohort]}; first {config.window_hours} h; series from {source}"


def _hourly_folder(context: DataContext, root: Path) -> Path:
    """Return the folder of the hourly export: named, in or beside the release, or with the data."""
    named = context.paths.releases.get("eicu_hourly")
    if named is not None:
        return named
    beside = [place for place in (root.parent, context.paths.data) if place is not None]
    for folder in (root / "hourly", *(place / "eicu-demo-extra" / "hourly" for place in beside)):
        if folder.is_dir():
            return folder
    raise DataNotAvailable(
        "the hourly export of eICU is not here",
        "put eicu-demo-extra/hourly beside the release, use --data eicu_hourly=PATH, "
        "or the option series: official",
    )


def _hourly_files(config: EICUConfig, context: DataContext, root: Path) -> list[Path]:
    return [_hourly_folder(context, root) / "dyn.parquet"] if config.series == "hourly" else []


def _fingerprint(config: EICUConfig, context: DataContext, found: Found) -> str:
    names = ("patient", *OPTIONAL)
    tables = [file for name in names if (file := table_file(found.root, name))]
    tables += _hourly_files(config, context, found.root)
    return data_fingerprint("eICU 2.0", found.root, context.paths.cache, tables=tables)


def _folder(config: EICUConfig, context: DataContext) -> Path:
    release = EICU.probe(config, context).fingerprint
    options = {name: getattr(config, name) for name in ("window_hours", "series", "known_by")}
    return prepared_folder("eicu", release, options, PREPARED, context)


def _chosen(config: EICUConfig, folder: Path) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Return the stays taken, with their ``row`` among all, and the steps to them."""
    stays = pl.read_parquet(folder / "stays.parquet").with_row_index("row")
    coded = coded_counts(folder) if config.cohort == "codes" else np.zeros(len(stays), np.int64)
    return cohort.choose(stays, config, coded)


def _inputs(config: EICUConfig, folder: Path, stays: pl.DataFrame) -> StayData:
    """Return the raw inputs of the stays taken; events are read through memory maps."""
    rows = stays["row"].to_numpy().astype(np.int64)
    ids = stays.select(stay=pl.col(STAY)).with_row_index("row")
    series, channels = read_series(folder)
    codes = {}
    for name in CODED:
        events, names = read_coded(folder, name)
        codes[name] = (events.of(rows), names)
    vectors = {"demographics": cohort.demographics(stays)}
    if config.window_hours >= APACHE_HOURS:
        widths = {"apache": len(APACHE_APS) + len(APACHE_PRED), "apache_prediction": 1}
        vectors |= {
            name: _facts(folder / f"{name}.parquet", ids, width) for name, width in widths.items()
        }
    return StayData(
        series={"series": (series.of(rows), channels)},
        codes=codes,
        vectors=vectors,
        notes={"note": count_terms(_texts(folder, rows))},
    )


def _texts(folder: Path, rows: NDArray[np.int64]) -> list[str]:
    """Return the note paths of each stay in time, one a line."""
    events, names = read_coded(folder, "note")
    owners, chosen = events.select(rows)
    kinds = events.kinds[chosen]
    ends = np.searchsorted(owners, np.arange(len(rows) + 1))
    return ["\n".join(names[kind] for kind in kinds[start:end]) for start, end in pairwise(ends)]


def _facts(path: Path, ids: pl.DataFrame, width: int) -> NDArray[np.float64]:
    """Return (N, width) facts, NaN where the table or the stay is not there."""
    if not path.is_file():
        return np.full((len(ids), width), np.nan)
    facts = ids.join(pl.read_parquet(path), on="stay", how="left").sort("row")
    return facts.drop("row", "stay").to_numpy().astype(np.float64)


def _samples(
    component: Component, config: EICUConfig, stays: pl.DataFrame, data: StayData
) -> pd.DataFrame:
    """Return the table of samples; a modality without an event or a fact is not observed."""
    seen: dict[str, NDArray[np.bool_]] = {}
    for name, (events, _) in (*data.series.items(), *data.codes.items()):
        seen[name] = events.counts > 0
    for name, facts in data.vectors.items():
        seen[name] = np.asarray(np.isfinite(facts).any(axis=1))
    seen |= {name: np.array([one.nnz > 0 for one in notes]) for name, notes in data.notes.items()}
    ids = stays[STAY].cast(pl.String).to_list()
    return pd.DataFrame(
        {"sample_id": ids, "group_id": stays["uniquepid"].to_list()}
        | {f"observed:{one.name}": seen[one.name] for one in component.modalities}
        | {f"target:{name}": values for name, values in cohort.targets(stays, config).items()}
    )
