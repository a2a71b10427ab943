"""The dataset of MIMIC-IV stays: measurements, reports, X-rays, codes of before, demographics."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

from benchmark.core.atomic import write_text
from benchmark.core.paths import Paths
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.core.spec import canonical_json
from benchmark.datasets._base import AttritionStep, DataContext, Progress, Rows, silent
from benchmark.datasets._digest import data_fingerprint
from benchmark.datasets._prepared import make_once, prepared_folder, read_attrition, write_attrition
from benchmark.datasets._release import Found
from benchmark.datasets.icu.codes import numbered
from benchmark.datasets.icu.imputation import Discretiser, FilledGrid, HourBefore
from benchmark.datasets.icu.ragged import Ragged
from benchmark.datasets.icu.series import Values
from benchmark.datasets.icu.stays import StayData, StayDataset, events_modality, series_modality
from benchmark.datasets.mimic import cohort
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
from benchmark.datasets.mimic.channels import PRESETS
from benchmark.datasets.mimic.config import CODED, DEMOGRAPHICS, MIMICConfig
from benchmark.datasets.mimic.measures import load_measures, read_measures, steps_of, with_gcs_total
from benchmark.datasets.mimic.phenotypes import (
    PHENOTYPES,
    mapping_id,
    phenotypes,
    read_mapping,
    with_plain_codes,
)
from benchmark.datasets.mimic.release import DEMO, check_rows, find, version_of
from benchmark.datasets.mimic.tables import TABLES, read_table, table_file

#: Raised when what :meth:`MIMICICU.prepare` writes changes.
PREPARED = 1
_CODES = {"diagnosis": "diagnoses_icd", "procedure": "procedures_icd"}


class MIMICICU(StayDataset):
    """Stays in intensive care; see the package's text.

    Args:
        config: Cohort, window, channels, outcomes.
        context: Folders and source.

    Raises:
        DataNotAvailable: The release is not here, or it is another one.
        DataError: A table is damaged or not laid out as released.
    """

    config_class = MIMICConfig
    config: MIMICConfig

    def __init__(self, config: MIMICConfig, context: DataContext) -> None:
        super().__init__(config, context)
        self.prepare(config, context)
        self.release = self.probe(config, context)
        described = self.describe(config)
        folder, data = _folder(config, context), _data(config, context)
        stays, _ = _chosen(config, context, folder, data)
        labels, _ = _phenotypes(config, context, folder, stays)
        attached, seen = attached_data(data, stays["stay_id"].to_list(), config, context)
        self.data = _inputs(config, folder, stays, attached)
        # Another transformer than the documented one has vectors of another width.
        modalities = tuple(self.modality(one.name) for one in described.modalities)
        self.component = described.model_copy(update={"modalities": modalities})
        seen |= _seen(self.data)
        self.samples = _samples(self.component, config, stays, labels, seen)

    @classmethod
    def probe(cls, config: MIMICConfig, context: DataContext) -> Release:
        """Hash the tables; a known version with notes and X-rays counts as ``real``."""
        found = find(config, context)
        made = found.source == "synthetic"
        version = None if made else version_of(found.root)
        attached = _attached(found, context)
        release = found.release(
            title="MIMIC-IV",
            version=version or "unknown version",
            cohort=_cohort_text(config, attached, made),
            terms="PhysioNet Credentialed Health Data License 1.5.0 (demo: ODbL 1.0)",
            content=lambda: _content(found, attached, context),
            credentialed=version != DEMO,
        )
        if release.source == "real" and not (attached.radiology and attached.metadata):
            release = release.model_copy(update={"source": "partial"})
        # Which codes mean which phenotype is part of what the data are.
        body = [release.fingerprint, mapping_id(config.icd10, context.paths)]
        key = hashlib.sha256(canonical_json(body).encode()).hexdigest()
        key = with_networks(key, config, context.paths)
        return release.model_copy(update={"fingerprint": key})

    @classmethod
    def describe(cls, config: MIMICConfig) -> Component:
        """Six modalities and up to three tasks; see the options for what leaves out a task."""
        kinds = {"ihm": "binary", "los": "binary", "pheno": "multilabel"}
        classes = {"ihm": ("survived", "died"), "los": ("no", "yes"), "pheno": PHENOTYPES}
        return Component(
            dataset="mimic_icu",
            modalities=(
                _series_modality(config),
                Modality(name="note", kind="text", shape=config.note_shape),
                Modality(name="xray", kind="image", shape=(1, config.xray_size, config.xray_size)),
                *(events_modality(config, name) for name in CODED),
                Modality(name="demographics", kind="vector", shape=(2 * len(DEMOGRAPHICS),)),
            ),
            tasks=tuple(
                Task.model_validate({"name": name, "kind": kinds[name], "classes": classes[name]})
                for name in config.tasks
            ),
        )

    @classmethod
    def prepare(
        cls, config: MIMICConfig, context: DataContext, jobs: int = 1, progress: Progress = silent
    ) -> None:
        """Extract measurements, codes, reports and X-rays of all stays; goes on after a kill."""
        if cls.is_prepared(config, context):
            return
        root = find(config, context).ready(progress)
        folder = _folder(config, context)
        make_once(folder, lambda part: _make(root, config, part, progress), context, progress)
        data = _data(config, context)
        stays = pl.read_parquet(folder / "stays.parquet")
        attached = _attached(find(config, context), context)
        prepare_attached(data, attached, stays, config, context, jobs, progress)

    @classmethod
    def is_prepared(cls, config: MIMICConfig, context: DataContext) -> bool:
        """Tell whether all tables, reports and X-rays were extracted."""
        if not _folder(config, context).is_dir():
            return False
        return is_attached(_data(config, context), config, context)

    @classmethod
    def attrition(cls, config: MIMICConfig, context: DataContext) -> tuple[AttritionStep, ...]:
        """Return what each step left: stays, then rows of tables; nothing before preparation."""
        if not cls.is_prepared(config, context):
            return ()
        folder, data = _folder(config, context), _data(config, context)
        stays, steps = _chosen(config, context, folder, data)
        _, coded = _phenotypes(config, context, folder, stays)
        return (*steps, *coded, *read_attrition(folder), *attached_steps(data, config, context))

    def modality(self, name: str) -> Modality:
        """Return kind and shape of a modality of :attr:`data`."""
        return _series_modality(self.config) if name == "series" else super().modality(name)

    def _fit_one(self, name: str, rows: Rows) -> Any:
        measured = super()._fit_one(name, rows)
        config = self.config
        if name != "series" or config.series_form == "irregular":
            return measured
        grid = partial(self._grid, name)
        if config.imputation == "fusemoe":
            return FilledGrid.fit(grid, rows, measured)
        if config.imputation == "flame_asrun":
            return HourBefore(measured)
        if config.imputation == "mimic3":
            channels = PRESETS[config.channels]
            normal = [0.0 if one.normal is None else one.normal for one in channels]
            return Discretiser.fit(grid, rows, normal, [one.levels for one in channels])
        return measured

    def _dense(self, name: str, rows: Rows, fitted: Any) -> Values:
        if isinstance(fitted, FilledGrid | HourBefore | Discretiser):
            return fitted(self._grid(name, rows))
        return super()._dense(name, rows, fitted)


def _series_modality(config: MIMICConfig) -> Modality:
    channels = PRESETS[config.channels]
    if config.imputation == "mimic3" and config.series_form == "grid":
        width = Discretiser.width([one.levels for one in channels])
        return Modality(name="series", kind="sequence", shape=(config.window_hours, width))
    return series_modality(config, "series", len(channels))


def _cohort_text(config: MIMICConfig, attached: Attached, made: bool) -> str:
    texts = {
        "flame_text": "adults, first stay of an admission",
        "fusemoe": "adults, every stay",
        "fusemoe_complete": "adults, every stay with series, report and X-ray",
        "mimic3_benchmark": "adults, only stay of an admission, one unit",
    }
    hours = config.window_hours
    text = [texts[config.cohort], f"first {hours} h"]
    text.insert(
        1, f"at least {hours} h" if config.shorter == "leave_out" else "short stays included"
    )
    if config.grouping == "stay":
        text.append("stays of a patient lie in several parts (as released: leaks)")
    if config.codes == "admission":
        text.append("codes billed after discharge")
    if not made:
        lacking = {"notes": attached.radiology, "X-rays": attached.metadata}
        text += [f"no {name}" for name, file in lacking.items() if file is None]
    return ", ".join(text)


def _attached(found: Found, context: DataContext) -> Attached:
    """Find notes and X-rays; those of a generated release are in its own folder only."""
    made = found.source == "synthetic"
    return find_attached(found.root, Paths(cache=context.paths.cache) if made else context.paths)


def _content(found: Found, attached: Attached, context: DataContext) -> str:
    tables = [file for name in TABLES if (file := table_file(found.root, name))]
    return data_fingerprint(
        "MIMIC-IV",
        found.root,
        context.paths.cache,
        tables=[*tables, *attached.tables],
        media=attached.media,
    )


def _data(config: MIMICConfig, context: DataContext) -> str:
    """Return the fingerprint of the files, whatever labels and networks are made of them."""
    found = find(config, context)
    return found.fingerprint(lambda: _content(found, _attached(found, context), context))


def _folder(config: MIMICConfig, context: DataContext) -> Path:
    names = ("channels", "window_hours", "measured_time", "outliers")
    options = {name: getattr(config, name) for name in names}
    return prepared_folder("mimic", _data(config, context), options, PREPARED, context)


def _make(root: Path, config: MIMICConfig, part: Path, progress: Progress) -> None:
    """Write the stays, their events and the codes of their patients, one parquet file each."""
    version = version_of(root)
    stays, steps = cohort.read_stays(root)
    placed = stays.select("stay_id", "subject_id", "hadm_id", "intime", "outtime")
    states = read_measures(root, placed, config, part / "parts", progress)
    for where, state in states.items():
        check_rows(root, version, where, state.rows)
    load_measures(part / "parts", states).write_parquet(part / "series.parquet")
    for name, table in _CODES.items():
        codes = read_table(root, table)
        check_rows(root, version, table, len(codes))
        _of_patients(codes, stays, root).write_parquet(part / f"{name}.parquet")
    stays.write_parquet(part / "stays.parquet")
    write_text(part / "first.json", json.dumps([asdict(step) for step in steps]))
    write_attrition(part, steps_of(states))
    # Kept until all is there: after a kill, what was read of any table is not read again.
    shutil.rmtree(part / "parts")


def _of_patients(codes: pl.DataFrame, stays: pl.DataFrame, root: Path) -> pl.DataFrame:
    """Return ``subject_id, hadm_id, dischtime, icd_code, icd_version`` of patients with stays."""
    ended = read_table(root, "admissions", ["dischtime"])
    own = codes.join(stays.select("subject_id").unique(), on="subject_id", how="semi")
    known = with_plain_codes(own).join(ended, on="hadm_id", how="left", maintain_order="left")
    return known.select("subject_id", "hadm_id", "seq_num", "dischtime", "icd_code", "icd_version")


def _chosen(
    config: MIMICConfig, context: DataContext, folder: Path, data: str
) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Return the stays taken and the steps to them."""
    stays = pl.read_parquet(folder / "stays.parquet")
    series = pl.read_parquet(folder / "series.parquet", columns=["stay"])["stay"].unique()
    seen = {"series": set(series.to_list()), **stays_with(data, config, context)}
    first = json.loads((folder / "first.json").read_text(encoding="utf-8"))
    taken, steps = cohort.choose(stays, config, seen)
    return taken, (*(AttritionStep(**one) for one in first), *steps)


def _phenotypes(
    config: MIMICConfig, context: DataContext, folder: Path, stays: pl.DataFrame
) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Return the phenotypes of every stay's admission, and how many codes are not mapped."""
    diagnoses = pl.read_parquet(folder / "diagnosis.parquet")
    mapping = read_mapping(config.icd10, context.paths)
    admissions = stays["hadm_id"].unique()
    found, unknown = phenotypes(diagnoses, admissions, mapping)
    given = len(diagnoses.filter(pl.col("hadm_id").is_in(admissions.to_list())))
    labelled = stays.select("hadm_id").join(found, on="hadm_id", how="left", maintain_order="left")
    without = labelled[PHENOTYPES[0]].null_count()
    steps = (
        AttritionStep("stays with diagnoses", len(stays) - without, without, "no label of pheno"),
        AttritionStep("diagnoses of these admissions", given),
        AttritionStep(
            "diagnoses with a known code", given - unknown, unknown,
            f"of no category, count as absent ({mapping.name})",
        ),
    )  # fmt: skip
    return labelled, steps


def _inputs(config: MIMICConfig, folder: Path, stays: pl.DataFrame, attached: StayData) -> StayData:
    """Return the raw inputs of the stays taken."""
    names = config.channel_names
    ids = stays.select(stay=pl.col("stay_id").cast(pl.Int32)).with_row_index("row")
    events = pl.read_parquet(folder / "series.parquet").join(
        ids.select("stay"), on="stay", how="semi"
    )
    events = with_gcs_total(events, names)
    if config.repeats == "first":
        events = events.unique(["stay", "minutes", "channel"], keep="first", maintain_order=True)
    placed = events.join(ids, on="stay", maintain_order="left")
    series = Ragged.build(
        len(stays),
        placed["row"].to_numpy().astype(np.int64),
        placed["minutes"].to_numpy(),
        placed["channel"].to_numpy(),
        placed["value"].to_numpy(),
    )
    return replace(
        attached,
        series={"series": (series, names)},
        codes={name: _coded(config, folder, name, stays) for name in CODED},
        vectors={"demographics": cohort.demographics(stays)},
    )


def _coded(
    config: MIMICConfig, folder: Path, name: str, stays: pl.DataFrame
) -> tuple[Ragged, tuple[str, ...]]:
    """Return the codes of earlier admissions or of this one, all at the beginning of the stay."""
    codes = pl.read_parquet(folder / f"{name}.parquet")
    rows = stays.select("subject_id", "intime", own=pl.col("hadm_id")).with_row_index("row")
    pairs = rows.join(codes, on="subject_id")
    if config.codes == "admission":
        wanted = pl.col("hadm_id") == pl.col("own")
    else:
        wanted = (pl.col("hadm_id") != pl.col("own")) & (pl.col("dischtime") <= pl.col("intime"))
    chosen = pairs.filter(wanted.fill_null(value=False)).sort("row", "dischtime", "seq_num")
    text = chosen.select(pl.format("icd{}:{}", "icd_version", "icd_code")).to_series()
    spelled, kinds = numbered(text.to_list())
    found = Ragged.build(
        len(stays), chosen["row"].to_numpy().astype(np.int64), np.zeros(len(chosen)), kinds
    )
    return found, tuple(spelled)


def _seen(data: StayData) -> dict[str, NDArray[np.bool_]]:
    counted = {**data.series, **data.codes}
    seen = {name: np.asarray(events.counts > 0) for name, (events, _) in counted.items()}
    for name, facts in data.vectors.items():
        seen[name] = np.asarray(np.isfinite(facts).any(axis=1))
    return seen


def _samples(
    component: Component,
    config: MIMICConfig,
    stays: pl.DataFrame,
    labels: pl.DataFrame,
    seen: dict[str, NDArray[np.bool_]],
) -> pd.DataFrame:
    """Return the table of samples; what is not there is not observed."""
    found = cohort.outcomes(stays, config)
    targets = {name: values for name, values in found.items() if name in config.tasks}
    if "pheno" in config.tasks:
        for name in PHENOTYPES:
            targets[f"pheno:{name}"] = labels[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    group = "stay_id" if config.grouping == "stay" else "subject_id"
    return pd.DataFrame(
        {
            "sample_id": stays["stay_id"].cast(pl.String).to_list(),
            "group_id": stays[group].cast(pl.String).to_list(),
        }
        | {f"observed:{one.name}": seen[one.name] for one in component.modalities}
        | {f"target:{name}": values for name, values in targets.items()}
    )
