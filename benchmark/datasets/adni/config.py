"""Options of the ADNI loader, and what the release holds."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from benchmark.datasets._factor_config import FactorConfig

ModalityName = Literal["image", "genomic", "clinical", "biospecimen"]
MODALITIES: tuple[str, ...] = ("image", "genomic", "clinical", "biospecimen")
TABLES: tuple[str, ...] = ("clinical", "biospecimen")
CLASSES = ("normal", "impaired", "dementia")
#: Subjects of both papers.
SUBJECTS = 2380
#: Sides of the template, and its voxels of grey matter.
TEMPLATE, VOXELS = (91, 109, 91), 84_090
#: Alleles after pruning; the widths of the tables are not published, and these are placeholders.
WIDTHS = {"genomic": 144_746, "clinical": 250, "biospecimen": 60}


class ADNIConfig(FactorConfig):
    """Which subjects, and how their data is made.

    Attributes:
        complete: Subjects must have all of these modalities; empty takes all subjects.
        any_of: Subjects must have at least one of these; empty asks for one at all.
        any_of_parts: Parts that ``any_of`` clears; ``train`` needs official parts.
        fit_rows: Rows that scaling and filling are estimated on.
        tables: Which of the published tables are read.
        missing: What an absent modality is; ``sentinel`` fills it with -2 and calls it observed.
        synthetic_size: Subjects of a generated release.
        synthetic_volume: Sides of a generated template.
        synthetic_snps: Alleles of a generated release.
    """

    MODALITIES: ClassVar[tuple[str, ...]] = MODALITIES

    complete: tuple[ModalityName, ...] = ()
    any_of: tuple[ModalityName, ...] = ()
    any_of_parts: Literal["all", "train"] = "all"
    fit_rows: Literal["train", "all"] = "train"
    tables: Literal["raw", "mean_filled"] = "raw"
    missing: Literal["masked", "sentinel"] = "masked"
    synthetic_size: int = Field(default=300, ge=60)
    synthetic_volume: tuple[int, int, int] = (24, 28, 24)
    synthetic_snps: int = Field(default=2000, ge=10)

    @model_validator(mode="after")
    def _large_enough(self) -> Self:
        if min(self.synthetic_volume) < 12:
            raise ValueError("synthetic_volume must be at least 12 voxels a side")
        return self

    def generator_options(self) -> dict[str, Any]:
        """Return what the generator is told besides size and seed."""
        return {
            **super().generator_options(),
            "volume": list(self.synthetic_volume),
            "snps": self.synthetic_snps,
        }
