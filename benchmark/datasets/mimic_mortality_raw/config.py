"""Options of the one-year-mortality set made from raw tables; torch-free."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from benchmark.datasets._release import ReleaseConfig

MODALITIES = ("lab", "note", "code")
#: Patients of the published set, which are fewer than its rules give.
PUBLISHED_PATIENTS = 9003


class MIMICRawMortalityConfig(ReleaseConfig):
    """What is read of MIMIC-IV, and how it becomes three vectors.

    Attributes:
        charted: Whether numeric values charted in intensive care count among the laboratory values.
        lab_items: Items kept, those most training patients have.
        lab_scaling: ``none``: means as measured, 0 where there is none (as the published code
            takes them); ``train``: standardised over the measurements of training patients and
            clipped to ±5, 0 where there is none.
        code_width: Categories of codes kept, those most training patients have.
        icd10: Which general equivalence mapping leads from ICD-10 to ICD-9.
        icd10_procedures: No mapping of ICD-10-PCS is at hand: ``own`` lets its first three
            characters be categories of their own, ``drop`` leaves such codes out.
        note_width: Directions of the reduced discharge summaries.
        note_days: Days after discharge within which a summary must have been stored; None takes
            all.
        subsample: Patients drawn of those found, 9,003 in the published set; None takes all.
        subsample_seed: Of that draw.
        synthetic_size: Patients of a generated release.
    """

    charted: bool = True
    lab_items: int = Field(default=2172, ge=1)
    lab_scaling: Literal["none", "train"] = "none"
    code_width: int = Field(default=1500, ge=1)
    icd10: Literal["gem_10to9", "gem_9to10"] = "gem_10to9"
    icd10_procedures: Literal["own", "drop"] = "own"
    note_width: int = Field(default=768, ge=1)
    note_days: int | None = Field(default=None, ge=0)
    subsample: int | None = Field(default=None, ge=1)
    subsample_seed: int = Field(default=0, ge=0)
    synthetic_size: int = Field(default=200, ge=13)

    def generator_options(self) -> dict[str, Any]:
        """Leave out the X-rays, which nothing here reads."""
        return {"images": False}

    @property
    def widths(self) -> dict[str, int]:
        """Widths at most; a release with fewer items or categories has fewer."""
        return {"lab": self.lab_items, "note": self.note_width, "code": self.code_width}
