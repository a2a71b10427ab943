"""The TCGA dataset: cases with omics, and what else is here about them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.datasets._base import DataContext, Progress, silent
from benchmark.datasets._release import Found
from benchmark.datasets._text import TextReducer, count_terms
from benchmark.datasets._vector import Transform, VectorDataset
from benchmark.datasets.tcga._transforms import Clipper, Filler
from benchmark.datasets.tcga.cases import Cases
from benchmark.datasets.tcga.config import (
    HIF_WIDTH,
    MODALITIES,
    ORIGINS,
    PATCH_WIDTH,
    PUBLISHED,
    TCGAConfig,
)
from benchmark.datasets.tcga.files import Files, find_files, find_release, read_cases, read_wsi
from benchmark.datasets.tcga.reports import read_reports


class TCGA(VectorDataset):
    """One cohort; see the package's text.

    Attributes:
        features: Names of the raw features by modality; terms of reports have none.

    Args:
        config: Cohort and options.
        context: Folders.

    Raises:
        DataNotAvailable: No table of the cohort here, or not of the source asked for.
        DataError: A table is not laid out as its release says.
    """

    config_class = TCGAConfig
    config: TCGAConfig
    features: Mapping[str, tuple[str, ...]]

    def __init__(self, config: TCGAConfig, context: DataContext) -> None:
        super().__init__(config, context)
        found = find_release(config, context)
        files = find_files(config, found.ready())
        self.release = _release(config, found)
        cases = read_cases(files, config)
        self._rna_is_zscore = cases.rna_scale == "zscore"
        tables = _tables(cases, files, context.paths.cache)
        texts = read_reports(files.reports, set(cases.ids())) if files.reports else {}
        ids = _cohort(config, cases.ids(), tables, texts)
        self.features = {name: tuple(map(str, table.columns)) for name, table in tables.items()}
        values, observed = _arrays(ids, tables, texts)
        self.component = _component(config, _widths(config, values))
        self.values = _completed(values, self.component, len(ids))
        nobody = np.zeros(len(ids), dtype=bool)
        self.samples = _samples(ids, cases, {one: observed.get(one, nobody) for one in MODALITIES})

    @classmethod
    def probe(cls, config: TCGAConfig, context: DataContext) -> Release:
        """Hash the tables of the cohort; a published table that is whole counts as ``real``."""
        return _release(config, find_release(config, context))

    @classmethod
    def prepare(
        cls, config: TCGAConfig, context: DataContext, jobs: int = 1, progress: Progress = silent
    ) -> None:
        """Write a generated cohort; published tables are read as they are."""
        find_release(config, context).ready(progress)

    @classmethod
    def is_prepared(cls, config: TCGAConfig, context: DataContext) -> bool:
        """Tell whether there is a cohort to read."""
        return find_release(config, context).is_there

    @classmethod
    def describe(cls, config: TCGAConfig) -> Component:
        """Six modalities and survival, with the widths of the published tables."""
        rna, cnv, mutation = PUBLISHED[config.table].widths
        wsi = HIF_WIDTH if config.wsi == "hif" else PATCH_WIDTH
        widths = {"rna": rna, "cnv": cnv, "mutation": mutation, "wsi": wsi}
        if config.rna_genes is not None:
            widths["rna"] = min(config.rna_genes, rna)
        return _component(config, widths)

    @classmethod
    def split_folder(cls, config: TCGAConfig, context: DataContext) -> Path | None:
        """Return the folder ``splits`` of the data folder."""
        return find_release(config, context).ready() / "splits"

    def fit_values(self, modality: str, values: Any) -> Transform:
        """Clip RNA and slides, reduce reports to a vector, fill gaps of age; standardise all."""
        if modality == "rna":
            return Clipper.fit(values, self._rna_is_zscore, self.config.rna_genes)
        if modality == "wsi":
            return Clipper.fit(values)
        if modality == "report":
            return TextReducer.fit(values, self.config.report_width)
        if modality == "clinical":
            return Filler.fit(values)
        return super().fit_values(modality, values)


def _release(config: TCGAConfig, found: Found) -> Release:
    origin = ORIGINS[config.omics]
    made = found.recipe is not None
    files = None if made else find_files(config, found.root)
    return found.release(
        title=f"TCGA-{config.cancer.upper()}, {origin.title}",
        version=origin.version,
        cohort="all generated cases" if files is None else _cohort_text(config, files),
        terms=origin.terms,
        content=lambda: find_files(config, found.root).fingerprint(),
    )


def _tables(cases: Cases, files: Files, cache: Path) -> dict[str, pd.DataFrame]:
    """Return numeric features by modality, each by case; those that are not here are left out."""
    tables = {**cases.omics, "clinical": cases.clinical.dropna(how="all")}
    wsi = read_wsi(files, cache)
    return tables if wsi is None else {**tables, "wsi": wsi}


def _cohort(
    config: TCGAConfig,
    ids: list[str],
    tables: Mapping[str, pd.DataFrame],
    texts: Mapping[str, str],
) -> list[str]:
    """Return the cases taken: all, or those with every modality that is here."""
    if config.cohort == "all":
        return ids
    has = [set(table.index) for table in tables.values()] + ([set(texts)] if texts else [])
    return [case for case in ids if all(case in one for one in has)]


def _arrays(
    ids: list[str], tables: Mapping[str, pd.DataFrame], texts: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, NDArray[np.bool_]]]:
    """Return raw features (N, F) and observed flags (N,) by modality."""
    values: dict[str, Any] = {}
    observed = {}
    for name, table in tables.items():
        there = np.isin(ids, table.index.to_numpy(dtype=str))
        values[name] = table.reindex(ids).to_numpy(dtype=np.float64)
        values[name][~there] = 0.0
        observed[name] = there
    if texts:
        values["report"] = count_terms([texts.get(case, "") for case in ids])
        observed["report"] = np.isin(ids, list(texts))
    return values, observed


def _samples(
    ids: list[str], cases: Cases, observed: Mapping[str, NDArray[np.bool_]]
) -> pd.DataFrame:
    survival = cases.survival.loc[ids]
    return pd.DataFrame(
        {"sample_id": ids, "group_id": ids}
        | {f"observed:{name}": observed[name] for name in MODALITIES}
        | {
            "target:os:time": survival["months"].to_numpy(),
            "target:os:event": survival["event"].to_numpy(),
        }
    )


def _widths(config: TCGAConfig, values: Mapping[str, Any]) -> dict[str, int]:
    """Return the widths models see; of a modality that is not here, those of the publication."""
    widths = {one.name: one.shape[0] for one in TCGA.describe(config).modalities}
    widths |= {name: matrix.shape[1] for name, matrix in values.items() if name != "report"}
    if config.rna_genes is not None:
        widths["rna"] = min(config.rna_genes, widths["rna"])
    return widths


def _completed(values: dict[str, Any], component: Component, n: int) -> dict[str, Any]:
    """Add zeros for modalities that no case has."""
    absent = [one for one in component.modalities if one.name not in values]
    return {**values, **{one.name: np.zeros((n, one.shape[0])) for one in absent}}


def _component(config: TCGAConfig, widths: Mapping[str, int]) -> Component:
    known = {**widths, "report": config.report_width, "clinical": 2}
    return Component(
        dataset="tcga",
        modalities=tuple(
            Modality(
                name=name,
                kind="text" if name == "report" else "vector",
                shape=(max(1, known[name]),),
            )
            for name in MODALITIES
        ),
        tasks=(Task(name="os", kind="survival"),),
    )


def _cohort_text(config: TCGAConfig, files: Files) -> str:
    if config.cohort == "all":
        return f"all cases with omics; beside them here: {files.extras}"
    return f"cases with omics, {files.extras}"
