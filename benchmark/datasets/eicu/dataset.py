"""The eICU dataset: unit stays with measurements, coded events, notes and facts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import lru_cache, partial
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
from benchmark.datasets._prepared import make_once, prepared_folder
from benchmark.datasets._release import Found, locate
from benchmark.datasets._text import count_terms
from benchmark.datasets.eicu import cohort
from benchmark.datasets.eicu.apache import read_apache
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
from benchmark.datasets.eicu.tables import (
    NOTE,
    STAY,
    EventTable,
    code_tables,
    hourly_events,
    series_tables,
    table_file,
)
from benchmark.datasets.icu.codes import numbered
from benchmark.datasets.icu.extract import extract, load_parts
from benchmark.datasets.icu.leaks import refuse_outcomes
from benchmark.datasets.icu.ragged import Ragged
from benchmark.datasets.icu.stays import (
    StayData,
    StayDataset,
    events_modality,
    series_modality,
)

#: Raised when what :meth:`EICU.prepare` writes changes.
PREPARED = 2
_EVENTS = {"stay": pl.Int64, "minutes": pl.Int64, "name": pl.String, "value": pl.Float64}
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
                folder, lambda part: _make(root, hourly, config, part, progress), context, progress
            )

    @classmethod
    def is_prepared(cls, config: EICUConfig, context: DataContext) -> bool:
        """Tell whether every event table was extracted."""
        return _folder(config, context).is_dir()

    @classmethod
    def attrition(cls, config: EICUConfig, context: DataContext) -> tuple[AttritionStep, ...]:
        """Return what each step of the cohort left; nothing before the release is prepared."""
        folder = _folder(config, context)
        return _chosen(config, folder)[1] if folder.is_dir() else ()


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
    options = {"window_hours": config.window_hours, "series": config.series}
    return prepared_folder("eicu", release, options, PREPARED, context)


def _make(
    root: Path, hourly: list[Path], config: EICUConfig, part: Path, progress: Progress
) -> None:
    """Write the stays and what their events and facts are, one parquet file each."""
    stays = cohort.read_stays(root)
    stays.write_parquet(part / "stays.parquet")
    ids = stays[STAY].to_list()
    window = config.window_hours * cohort.HOUR
    for name, table in _tables(config).items():
        path = table_file(root, table.name)
        if path is None:
            continue
        refuse_outcomes(table.name, table.columns)
        folder = part / f"parts_{name}"
        state = extract(path, table.columns, partial(table.events, window, ids), folder, progress)
        events = load_parts(folder, state)
        if events is not None:
            events.write_parquet(part / f"{name}.parquet")
    for path in hourly:
        hourly_events(path, window).write_parquet(part / "series_hourly.parquet")
    for name, facts in read_apache(root, ids).items():
        facts.write_parquet(part / f"{name}.parquet")
    # Kept until all is there: after a kill, what was read of any table is not read again.
    for folder in part.glob("parts_*"):
        shutil.rmtree(folder)


def _chosen(config: EICUConfig, folder: Path) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Return the stays taken and the steps to them."""
    stays = pl.read_parquet(folder / "stays.parquet")
    coded: dict[int, int] = {}
    if config.cohort == "codes":
        for name in CODED:
            for stay, count in _events(folder, f"code_{name}")["stay"].value_counts().iter_rows():
                coded[stay] = coded.get(stay, 0) + count
    return cohort.choose(stays, config, coded)


def _events(folder: Path, name: str) -> pl.DataFrame:
    """Return extracted events; none where the table is not there."""
    path = folder / f"{name}.parquet"
    if path.is_file():
        return pl.read_parquet(path)
    return pl.DataFrame(schema=_EVENTS)


def _inputs(config: EICUConfig, folder: Path, stays: pl.DataFrame) -> StayData:
    """Return the raw inputs of the stays taken."""
    ids = stays.select(stay=pl.col(STAY)).with_row_index("row")
    channels = HOURLY_CHANNELS if config.series == "hourly" else CHANNELS
    files = sorted(path.stem for path in folder.glob("series_*.parquet"))
    measured = [_events(folder, name).join(ids, on="stay") for name in files]
    codes = {}
    for name in CODED:
        events = _events(folder, f"code_{name}").join(ids, on="stay")
        names, numbers = numbered(events["name"].to_list())
        codes[name] = (_ragged(events, len(stays), numbers), tuple(names))
    notes = _events(folder, "note").join(ids, on="stay").sort("row", "minutes", "name")
    texts = dict(notes.group_by("row").agg(pl.col("name").str.join("\n")).iter_rows())
    vectors = {"demographics": cohort.demographics(stays)}
    if config.window_hours >= APACHE_HOURS:
        widths = {"apache": len(APACHE_APS) + len(APACHE_PRED), "apache_prediction": 1}
        vectors |= {
            name: _facts(folder / f"{name}.parquet", ids, width) for name, width in widths.items()
        }
    return StayData(
        series={"series": (_series(measured, len(stays), channels), tuple(channels))},
        codes=codes,
        vectors=vectors,
        notes={"note": count_terms([texts.get(row, "") for row in range(len(stays))])},
    )


def _series(tables: list[pl.DataFrame], n: int, channels: Sequence[str]) -> Ragged:
    number = {name: at for at, name in enumerate(channels)}
    columns = ("row", "minutes", "name", "value")
    empty = pl.DataFrame(schema={"row": pl.UInt32, **_EVENTS}).select(columns)
    events = pl.concat([empty, *(one.select(columns) for one in tables)])
    kinds = np.array([number[name] for name in events["name"].to_list()], dtype=np.int64)
    return _ragged(events, n, kinds, events["value"].to_numpy())


def _ragged(
    events: pl.DataFrame,
    n: int,
    kinds: NDArray[np.int64],
    values: NDArray[np.float64] | None = None,
) -> Ragged:
    stays = events["row"].to_numpy().astype(np.int64)
    return Ragged.build(n, stays, events["minutes"].to_numpy().astype(np.float64), kinds, values)


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


def _tables(config: EICUConfig) -> dict[str, EventTable]:
    """Return the tables extracted, by what they are called in the prepared form."""
    tables = {f"code_{name}": table for name, table in code_tables().items()} | {"note": NOTE}
    if config.series == "official":
        tables |= {f"series_{table.name}": table for table in series_tables()}
    return tables
