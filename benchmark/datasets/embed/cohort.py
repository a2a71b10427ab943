"""From findings and files to samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.datasets._mammography import (
    Cohort,
    birads_classes,
    labelled,
    views_by_breast,
    whole,
    with_other_breast,
)
from benchmark.datasets._steps import Steps
from benchmark.datasets.embed.config import VIEWS, EmbedConfig
from benchmark.datasets.embed.risk import risk_labels, years_of_follow_up, years_to_cancer
from benchmark.datasets.embed.tables import CATEGORIES, SEVERITY, read_files, read_findings

_SIDES = {"left": "L", "right": "R"}
_NOWHERE = "A"


def read_cohort(config: EmbedConfig, root: Path) -> Cohort:
    """Read both tables and choose samples.

    Raises:
        DataError: A table is not laid out as its release says; names file, column and row.
    """
    findings = read_findings(root, config.join)
    files, steps = read_files(root, config)
    mixed = _of_two_patients(findings, files)
    if config.side == "any":
        files = files.assign(side=_NOWHERE)
    everything = views_by_breast(files, VIEWS)
    units = _exams(config, findings, everything, mixed, steps)
    units = _breasts(config, everything, units, steps)
    labels = _labels(config, findings, units)
    if config.findings == "each":
        steps.regroup("findings, a sample each", len(labels))
    chosen = units.loc[labels["unit_row"]].reset_index(drop=True)
    samples = _samples(config, findings, chosen, labels)
    if config.side == "any":
        table = with_other_breast(everything, chosen.assign(side=_NOWHERE))
    else:
        table = with_other_breast(everything, chosen)
    return labelled(config, Cohort(samples, table, steps.done()))


def _of_two_patients(findings: pd.DataFrame, files: pd.DataFrame) -> set[str]:
    """Return the exams that the tables give to more than one patient."""
    owners = pd.concat([findings[["exam", "patient"]].rename(columns={"exam": "unit"}),
                        files[["unit", "patient"]]]).drop_duplicates()  # fmt: skip
    return set(owners.loc[owners["unit"].duplicated(), "unit"])


def _exams(
    config: EmbedConfig,
    findings: pd.DataFrame,
    breasts: pd.DataFrame,
    mixed: set[str],
    steps: Steps,
) -> pd.DataFrame:
    """Return ``unit`` and ``side`` of every breast with files, of the exams taken."""
    units = breasts.index.to_frame(index=False)
    exams = findings.groupby("exam", sort=False)["screening"].any()
    steps.regroup("exams with such files", units["unit"].nunique())
    units = units[units["unit"].isin(exams.index)]
    steps.keep("exams with findings", units["unit"].nunique(), "no row in the clinical table")
    units = units[~units["unit"].isin(mixed)]
    steps.keep("exams of one patient", units["unit"].nunique(), "the tables name two patients")
    if config.exams != "all":
        wanted = exams if config.exams == "screening" else ~exams
        units = units[units["unit"].map(wanted)]
        steps.keep(f"{config.exams} exams", units["unit"].nunique(), "another kind of exam")
    return units


def _breasts(
    config: EmbedConfig, breasts: pd.DataFrame, units: pd.DataFrame, steps: Steps
) -> pd.DataFrame:
    """Return ``unit`` and ``side`` of the breasts that are samples, as the side rule says."""
    rows = breasts.loc[pd.MultiIndex.from_frame(units)]
    taken = units[whole(config, rows)]
    steps.keep("exams with the images of one breast", taken["unit"].nunique(), "images are missing")
    if config.side in _SIDES:
        taken = taken[taken["side"] == _SIDES[config.side]]
        steps.keep(f"exams with those of the {config.side} breast", len(taken), "the other breast")
    elif config.side == "both":
        steps.regroup("breasts", len(taken))
    else:
        taken = taken.drop_duplicates("unit")
    return taken.reset_index(drop=True)


def _labels(config: EmbedConfig, findings: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Return one row per sample: ``unit_row`` (row of ``units``), ``letter`` and ``density``."""
    joined = units.reset_index(names="unit_row").merge(
        findings, left_on="unit", right_on="exam", suffixes=("", "_finding")
    )
    rank = {letter: place for place, letter in enumerate(SEVERITY)}
    joined["rank"] = joined["letter"].map(rank).fillna(len(SEVERITY))
    if config.findings == "each":
        return joined[["unit_row", "letter", "density"]]
    density = joined.groupby("unit_row")["density"].first()
    if config.findings == "side" and config.side != "any":
        here = (joined["side_finding"] == joined["side"]) | joined["side_finding"].isin(["B", ""])
        joined.loc[~here, ["rank", "letter"]] = (len(SEVERITY), "")
    worst = joined.sort_values(["unit_row", "rank"], kind="stable").drop_duplicates("unit_row")
    return pd.DataFrame(
        {
            "unit_row": worst["unit_row"].to_numpy(),
            "letter": worst["letter"].to_numpy(),
            "density": density.loc[worst["unit_row"]].to_numpy(),
        }
    )


def _samples(
    config: EmbedConfig, findings: pd.DataFrame, units: pd.DataFrame, labels: pd.DataFrame
) -> pd.DataFrame:
    facts = findings.groupby("exam")[["patient", "date"]].first().loc[units["unit"]]
    exams = facts.reset_index(drop=True)
    risks = risk_labels(
        years_to_cancer(exams, findings), years_of_follow_up(exams, findings), config.censor
    )
    category = np.asarray(labels["letter"].map(CATEGORIES), dtype=np.float64)
    return pd.DataFrame(
        {"sample_id": _ids(config, units), "group_id": exams["patient"]}
        | {f"target:{name}": values for name, values in risks.items()}
        | {
            "target:density": labels["density"].to_numpy(dtype=np.float64),
            "target:birads": birads_classes(category, config.birads),
        }
    )


def _ids(config: EmbedConfig, units: pd.DataFrame) -> NDArray[np.str_]:
    """Return the exam; with its breast, or the number of its finding, where it has several."""
    ids = units["unit"] + ("-" + units["side"] if config.side == "both" else "")
    if config.findings == "each":
        ids = ids + "-" + (ids.groupby(ids).cumcount() + 1).astype(str)
    return ids.to_numpy(dtype=str)
