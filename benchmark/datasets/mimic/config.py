"""Options of the loader of MIMIC-IV stays; torch-free."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from benchmark.datasets.mimic.attached_config import AttachedConfig
from benchmark.datasets.mimic.channels import PRESETS, Preset

DEMOGRAPHICS = ("age", "female", "emergency", "urgent", "observation", "elective", "surgical")
CODED = ("diagnosis", "procedure")
TASKS = ("ihm", "los", "pheno")


class MIMICConfig(AttachedConfig):
    """Which stays are taken, what is read of them, and how outcomes are defined.

    Attributes:
        cohort: ``flame_text``: adults' first stay in intensive care per admission (as FLAME
            states); ``fusemoe``: every stay of adults (FuseMoE's code); ``fusemoe_complete``: those
            of them that have series, a radiology report and an X-ray in the window;
            ``mimic3_benchmark``: adults' only stay of an admission, without a change of unit
            (Harutyunyan et al. 2019).
        shorter: What becomes of stays that end before the window does: ``leave_out``, or ``keep``,
            for 25-PHENO, whose inputs are the whole stay. The length of a series then tells of
            death and length of stay, so these tasks are not offered.
        grouping: Parts are made of patients; ``stay`` lets stays of a patient lie in several
            parts, as FuseMoE's code does: test results are then too good.
        ihm: Death in hospital by the admission's ``expire_flag``, or ``death_time``: a time of
            death, or the day of death, inside the admission.
        los: ``fusemoe``: the stay ends before 96 hours and not in death; ``flame_text``: more than
            7 days of it are left at the end of the window.
        icd10: How ICD-10 codes get a phenotype: ``gem_10to9``: those of any of their ICD-9 targets
            in the general equivalence mapping (FuseMoE's code), so that I10, essential
            hypertension, is hypertension with complications too; ``gem_10to9_most``: the one most
            of their targets have; ``gem_9to10``: they are targets of the phenotype's ICD-9 codes.
        channels: Which measurements; see :mod:`.channels`.
        measured_time: A measurement belongs to the window from when it was stored (where that is
            told), or from when it was taken (``charttime``, FuseMoE's code).
        outliers: Impossible values are dropped or set to the limit of the valid range, or kept.
        repeats: Which of several values of a channel at one time is taken.
        imputation: Of the hourly grid. ``forward``: last value, before the first one the training
            mean; ``fusemoe``: likewise, scaled by the filled grid; ``flame_asrun``: carried on from
            the hour before, and only in hours in which something was measured, else 0; ``mimic3``:
            last value, before the first one the normal value, categories one-hot.
        codes: Diagnoses and procedures are those of earlier ``previous`` admissions, known when
            the stay begins; or of this ``admission``, which are billed after discharge: they look
            back at what shall be predicted, and PHENO, which is made of them, is not offered.
    """

    window_hours: int = Field(default=48, ge=1)
    cohort: Literal["flame_text", "fusemoe", "fusemoe_complete", "mimic3_benchmark"] = "flame_text"
    shorter: Literal["leave_out", "keep"] = "leave_out"
    grouping: Literal["patient", "stay"] = "patient"
    ihm: Literal["expire_flag", "death_time"] = "expire_flag"
    los: Literal["fusemoe", "flame_text"] = "fusemoe"
    icd10: Literal["gem_10to9", "gem_10to9_most", "gem_9to10"] = "gem_10to9"
    channels: Preset = "fusemoe30"
    measured_time: Literal["storetime", "charttime"] = "storetime"
    outliers: Literal["mend", "keep"] = "mend"
    repeats: Literal["last", "first"] = "last"
    imputation: Literal["forward", "fusemoe", "flame_asrun", "mimic3"] = "forward"
    codes: Literal["previous", "admission"] = "previous"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Check that options go together."""
        if self.imputation == "mimic3" and self.channels != "mimic3_17":
            raise ValueError("imputation mimic3 knows normal values of channels mimic3_17 only")
        if self.codes == "admission" and self.shorter == "keep":
            raise ValueError("codes of the admission are what PHENO is made of: take previous")
        return self

    @property
    def leak(self) -> str:
        """What stays of a patient in several parts, or codes billed later, mean for results."""
        found = []
        if self.grouping == "stay":
            found.append("stays of a patient lie in several parts, results are too good")
        if self.codes == "admission":
            found.append("codes are billed after discharge, when outcomes are known")
        return "; ".join(found)

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names of the channels, in order."""
        return tuple(channel.name for channel in PRESETS[self.channels])

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks whose outcome the inputs do not tell by the way they are cut."""
        if self.shorter == "keep":
            return ("pheno",)
        return ("ihm", "los") if self.codes == "admission" else TASKS
