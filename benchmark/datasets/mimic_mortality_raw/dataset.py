"""One-year mortality after discharge from raw tables of MIMIC-IV: laboratory values, note, codes.

The set that I2MoE, MoE-Retriever, AMC and Flex-MoE use was not released, nor how it was made. This
is the recipe inferred from what they state: see :mod:`.cohort` for the patients and the outcome.

======== ==================================== ==============================================
modality holds                                estimated on training patients
======== ==================================== ==============================================
lab      mean of every item over the          items kept; scaling, where it is asked for
         admission, charted ones included
note     words of the discharge summary       terms, TF-IDF, directions
code     categories of diagnoses and          categories kept
         procedures, ICD-10 led to ICD-9
======== ==================================== ==============================================

A patient without any row in the tables of a modality lacks the modality; what is not measured of a
modality that is there is 0. Stated: 9,003 patients, 2,172 items, 94.2 % of the values empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmark.core.batch import ModalityData
from benchmark.core.errors import DataError
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.core.seeding import derive_seed
from benchmark.datasets._base import AttritionStep, DataContext, Progress, Rows, silent
from benchmark.datasets._digest import data_fingerprint
from benchmark.datasets._located import Located
from benchmark.datasets._prepared import make_once, prepared_folder, read_attrition
from benchmark.datasets._release import Found
from benchmark.datasets._text import TextReducer
from benchmark.datasets.mimic import notes, release
from benchmark.datasets.mimic.phenotypes import equivalents, mapping_id
from benchmark.datasets.mimic.tables import needed_file
from benchmark.datasets.mimic_mortality_raw import prepared
from benchmark.datasets.mimic_mortality_raw.config import MODALITIES, MIMICRawMortalityConfig
from benchmark.datasets.mimic_mortality_raw.reduce import Columns, LabReducer

Values = NDArray[np.float64]
NAME = "mimic_mortality_raw"
#: Patients whose values are made dense at a time.
_BLOCK = 4096
_HOSPITAL = ("patients", "admissions", "diagnoses_icd", "procedures_icd", "labevents", "d_labitems")
_CHARTED = ("icustays", "chartevents", "d_items")


class MIMICRawMortality(Located):
    """Patients of the cohort; see the module's text.

    Attributes:
        found: Sparse (N, columns) by modality, all columns of the release.

    Raises:
        DataNotAvailable: No release of the source asked for.
        DataError: A table is damaged or not what its release says.
    """

    config_class = MIMICRawMortalityConfig
    config: MIMICRawMortalityConfig

    def __init__(self, config: MIMICRawMortalityConfig, context: DataContext) -> None:
        super().__init__(config, context)
        self.release = self.probe(config, context)
        self.prepare(config, context)
        folder = _folder(config, context)
        index, matrices = prepared.read_index(folder), prepared.read_matrices(folder)
        kept, self.steps = _taken(config, folder, index, matrices)
        self.found = {name: one[kept] for name, one in matrices.items()}
        self.samples = _samples(index[kept], self.found)
        most = {name: min(config.widths[name], one.shape[1]) for name, one in self.found.items()}
        self.component = _component(most | {"note": config.note_width})

    @classmethod
    def find(cls, config: MIMICRawMortalityConfig, context: DataContext) -> Found:
        """Find the folder of MIMIC-IV, by its own name or by that of ``mimic_icu``."""
        named = context.paths.releases
        if NAME not in named and release.NAME in named:
            paths = replace(context.paths, releases={**named, NAME: named[release.NAME]})
            context = replace(context, paths=paths)
        return release.find(config, context, _needed(config), NAME)

    @classmethod
    def describe_release(
        cls, config: MIMICRawMortalityConfig, context: DataContext, found: Found
    ) -> Release:
        """Hash the tables that are read; of a generated release nothing is looked at."""
        version = _version(found)
        drawn = "" if config.subsample is None else f"; {config.subsample:,} of them drawn"
        where = "laboratory and charted values" if config.charted else "laboratory values"
        return found.release(
            title="MIMIC-IV",
            version=version or "not known",
            cohort="adults with more than one admission, the last one that they left alive; "
            f"{where}, discharge summary, codes{drawn}",
            terms="ODbL 1.0" if version == release.DEMO
            else "PhysioNet Credentialed Health Data License 1.5.0",
            content=lambda: _fingerprint(config, context, found.root),
            credentialed=version != release.DEMO,
        )  # fmt: skip

    @classmethod
    def describe(cls, config: MIMICRawMortalityConfig) -> Component:
        """Three vectors and one binary task, of the widths asked for."""
        return _component(config.widths)

    @classmethod
    def prepare(
        cls,
        config: MIMICRawMortalityConfig,
        context: DataContext,
        jobs: int = 1,
        progress: Progress = silent,
    ) -> None:
        """Read every table once; goes on after a kill."""
        folder = _folder(config, context)
        if folder.is_dir():
            return
        found = cls.find(config, context)
        root = found.ready(progress)
        source = prepared.Source(
            root,
            _version(found),
            _discharge(root, context),
            equivalents(config.icd10, context.paths),
        )
        make = partial(prepared.make, source, config)
        make_once(folder, lambda part: make(part, progress), context, progress)

    @classmethod
    def is_prepared(cls, config: MIMICRawMortalityConfig, context: DataContext) -> bool:
        """Tell whether every table was read."""
        return _folder(config, context).is_dir()

    def fit(self, train_rows: Rows, observed: NDArray[np.bool_] | None = None) -> dict[str, Any]:
        """Choose items, categories and terms on the observed training patients.

        Raises:
            DataError: Some patient has a modality, but no training patient; or too few summaries.
        """
        seen = self.observed(train_rows) if observed is None else observed
        return {
            name: self._fit_one(name, train_rows[there])
            for name, there in zip(MODALITIES, seen.T, strict=True)
        }

    def tensors(self, rows: Rows, preprocessor: Mapping[str, Any]) -> dict[str, ModalityData]:
        """Return (R, F) float32 by modality; zeros where unobserved."""
        return self.tensors_of(rows, preprocessor, MODALITIES)

    def tensors_of(
        self, rows: Rows, preprocessor: Mapping[str, Any], names: Sequence[str]
    ) -> dict[str, ModalityData]:
        """Return some modalities as :meth:`tensors` does, made a block of patients at a time."""
        import torch

        shown, there = {}, self._there(rows)
        for name in names:
            values = np.zeros((len(rows), self._width(name)), dtype=np.float32)
            seen = np.flatnonzero(there[name])
            for begin in range(0, len(seen), _BLOCK):
                block = seen[begin : begin + _BLOCK]
                values[block] = self._shown(name, rows[block], preprocessor[name])
            shown[name] = ModalityData(torch.from_numpy(values))
        return shown

    def control_features(self, rows: Rows, preprocessor: Mapping[str, Any]) -> dict[str, Values]:
        """Return flat features by modality; NaN where unobserved.

        Of laboratory values these are the means as measured, NaN where there is none, and their
        number.
        """
        return self.features_of(rows, preprocessor, MODALITIES)

    def features_of(
        self, rows: Rows, preprocessor: Mapping[str, Any], names: Sequence[str]
    ) -> dict[str, Values]:
        """Return flat features of some modalities as :meth:`control_features` does."""
        features, there = {}, self._there(rows)
        for name in names:
            seen, fitted = there[name], preprocessor[name]
            features[name] = np.full((len(rows), self._width(name) + (name == "lab")), np.nan)
            if not seen.any():
                continue
            if name == "lab" and fitted is not None:
                features[name][seen] = fitted.measured(self.found[name][rows[seen]])
            else:
                features[name][seen] = self._shown(name, rows[seen], fitted)
        return features

    def overwrite(
        self, rows: Rows, nonsense: Callable[[tuple[int, ...]], Values], only: str | None = None
    ) -> None:
        """Replace what some patients have, so that a check sees who reads it.

        Args:
            rows: Patients.
            nonsense: Makes values of a shape; categories and words become the first one.
            only: Modality; None is all.
        """
        for name, matrix in self.found.items():
            for row in rows if only in (None, name) else ():
                own = slice(matrix.indptr[row], matrix.indptr[row + 1])
                matrix.data[own] = nonsense((own.stop - own.start,))
                if name != "lab":
                    matrix.indices[own] = 0

    def _fit_one(self, name: str, rows: Rows) -> Any:
        if not len(rows):
            return None
        found, config = self.found[name][rows], self.config
        if name == "lab":
            return LabReducer.fit(found, self._width(name), config.lab_scaling == "train")
        if name == "code":
            return Columns.fit(found, self._width(name))
        return TextReducer.fit(_apart(found), config.note_width)

    def _shown(self, name: str, rows: Rows, fitted: Any) -> Values:
        if fitted is None:
            raise DataError(
                f"no training patient has modality {name!r}", "leave it out or use another split"
            )
        found = self.found[name][rows]
        if name == "code":
            shown: Values = (fitted.dense(found, 0.0) != 0).astype(np.float64)
        else:
            shown = fitted(found if name == "lab" else _apart(found))
        return shown

    def _width(self, name: str) -> int:
        return int(self.component.modality(name).shape[0])

    def _there(self, rows: Rows) -> dict[str, NDArray[np.bool_]]:
        return dict(zip(MODALITIES, self.observed(rows).T, strict=True))


def _apart(counts: csr_matrix) -> NDArray[np.object_]:
    """Return the rows of a matrix one by one, as reducers of text take them."""
    rows = np.empty(counts.shape[0], dtype=object)
    for position in range(len(rows)):
        rows[position] = counts[position].astype(np.float64)
    return rows


def _taken(
    config: MIMICRawMortalityConfig,
    folder: Path,
    index: pl.DataFrame,
    matrices: Mapping[str, csr_matrix],
) -> tuple[Rows, tuple[AttritionStep, ...]]:
    """Return the patients that have any data, or as many of them as are asked for.

    Raises:
        DataError: None has.
    """
    there = np.stack([np.diff(one.indptr) > 0 for one in matrices.values()])
    rows = np.flatnonzero(there.any(axis=0))
    if not len(rows):
        raise DataError("MIMIC-IV: no patient of the cohort has a value, a note or a code",
                        "give the whole release")  # fmt: skip
    dead = int(index["dead"].to_numpy()[rows].sum())
    steps = [
        *read_attrition(folder),
        AttritionStep("patients with data", len(rows), len(index) - len(rows),
                      f"no value, note or code; {dead:,} of those kept died within a year"),
    ]  # fmt: skip
    if config.subsample is not None:
        wanted = min(config.subsample, len(rows))
        rng = np.random.default_rng(derive_seed(config.subsample_seed, NAME, "subsample"))
        drawn = np.sort(rng.choice(rows, wanted, replace=False))
        why = "not drawn" if wanted < len(rows) else f"fewer than {config.subsample:,} are there"
        steps.append(AttritionStep("patients drawn", wanted, len(rows) - wanted, why))
        rows = drawn
    return rows.astype(np.int64), tuple(steps)


def _samples(index: pl.DataFrame, found: Mapping[str, csr_matrix]) -> pd.DataFrame:
    ids = [str(one) for one in index["subject_id"].to_list()]
    seen = {f"observed:{name}": np.diff(found[name].indptr) > 0 for name in MODALITIES}
    target = {"target:mortality_1y": index["dead"].to_numpy().astype(np.float64)}
    return pd.DataFrame({"sample_id": ids, "group_id": ids} | seen | target)


def _component(widths: Mapping[str, int]) -> Component:
    return Component(
        dataset=NAME,
        modalities=tuple(
            Modality(name=name, kind="vector", shape=(widths[name],)) for name in MODALITIES
        ),
        tasks=(Task(name="mortality_1y", kind="binary", classes=("alive", "dead")),),
    )


def _version(found: Found) -> str | None:
    return None if found.source == "synthetic" else release.version_of(found.root)


def _needed(config: MIMICRawMortalityConfig) -> tuple[str, ...]:
    return _HOSPITAL + _CHARTED if config.charted else (*_HOSPITAL, "icustays")


def _discharge(root: Path, context: DataContext) -> Path | None:
    """Return the table of discharge summaries, where there is one."""
    named = context.paths.releases.get("mimic_note")
    above = [root, root.parent, *([context.paths.data] if context.paths.data else [])]
    beside = [root, *(place / folder for place in above for folder in notes.FOLDERS)]
    places = beside if named is None else [named]
    return next((file for one in places if (file := notes.note_file(one, "discharge"))), None)


def _fingerprint(config: MIMICRawMortalityConfig, context: DataContext, root: Path) -> str:
    tables = [needed_file(root, name) for name in _needed(config)]
    note = _discharge(root, context)
    return data_fingerprint(
        "MIMIC-IV", root, context.paths.cache, [*tables, *([note] if note else [])]
    )


def _folder(config: MIMICRawMortalityConfig, context: DataContext) -> Path:
    """Return the prepared folder: named by the data and by all options that shape it."""
    options = {
        "charted": config.charted,
        "icd10": mapping_id(config.icd10, context.paths),
        "icd10_procedures": config.icd10_procedures,
        "note_days": config.note_days,
    }
    data = MIMICRawMortality.probe(config, context).fingerprint
    return prepared_folder(NAME, data, options, prepared.VERSION, context)
