"""What every layout is read into: one row per case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from benchmark.core.errors import DataError

#: TCGA-XX-YYYY: project, tissue source site, participant.
CASE_LENGTH = 12


@dataclass(frozen=True)
class Cases:
    """Molecular data, survival and clinical data, each indexed by case id.

    Attributes:
        survival: Columns ``months`` and ``event`` (1 died, 0 censored).
        clinical: Columns ``age`` (years) and ``female`` (0 or 1), NaN where unknown.
        omics: ``rna``, ``cnv``, ``mutation`` as far as the layout has them; columns are genes.
        rna_scale: ``zscore`` (unbounded, over some reference population) or ``log2``.
    """

    survival: pd.DataFrame
    clinical: pd.DataFrame
    omics: Mapping[str, pd.DataFrame]
    rna_scale: Literal["zscore", "log2"]

    def ids(self) -> list[str]:
        """Return the cases with some omics and a survival time above 0, sorted."""
        known = self.survival.dropna(subset=["months", "event"])
        alive = set(known.index[known["months"] > 0])
        return sorted(
            alive.intersection(*[set().union(*(one.index for one in self.omics.values()))])
        )


def case_of(barcode: str) -> str:
    """Return the case id of a sample, slide or file name: its first twelve characters."""
    return barcode[:CASE_LENGTH].upper()


def is_primary(barcode: str) -> bool:
    """Tell whether a sample barcode ``TCGA-XX-YYYY-01A-...`` is of a primary solid tumour."""
    return barcode.startswith("TCGA-") and barcode[CASE_LENGTH : CASE_LENGTH + 3] == "-01"


def check_events(event: pd.Series[float], where: object) -> None:
    """Raise DataError unless every known event is 0 or 1."""
    strange = sorted(set(event.dropna()) - {0.0, 1.0})
    if strange:
        raise DataError(f"{where}: an event is {strange[0]}, neither 0 nor 1")


def one_row_per_case(table: pd.DataFrame, columns: list[str], where: object) -> pd.DataFrame:
    """Keep one of the rows that a case has once per slide, after checking that they agree.

    Args:
        table: With a column ``case_id``.
        columns: Columns that must agree.
        where: File, for the error.

    Raises:
        DataError: Two rows of a case differ.
    """
    first = table.drop_duplicates("case_id").set_index("case_id")
    expected = first.loc[table["case_id"], columns].reset_index(drop=True)
    found = table[columns].reset_index(drop=True)
    differs = (found != expected) & ~(found.isna() & expected.isna())
    if differs.to_numpy().any():
        row, column = (int(one[0]) for one in differs.to_numpy().nonzero())
        raise DataError(
            f"{where}: rows of case {table['case_id'].iloc[row]!r} differ in {columns[column]!r}",
            "molecular and clinical values belong to a case and must repeat for each of its slides",
        )
    return first[columns]
