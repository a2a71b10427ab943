"""Options of the TCGA loader, and what the published tables hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field

from benchmark.datasets._release import ReleaseConfig

Cancer = Literal["blca", "brca", "gbmlgg", "lgg", "luad", "ucec"]
Layout = Literal["porpoise", "cbioportal", "xena", "mmp"]
MODALITIES = ("rna", "cnv", "mutation", "wsi", "report", "clinical")


class TCGAConfig(ReleaseConfig):
    """Which cohort, and how modalities are made.

    Attributes:
        cancer: TCGA project; ``lgg`` is ``gbmlgg`` without glioblastoma.
        omics: Layout that molecular data, age, sex and survival are read from.
        cohort: ``all`` takes every case with omics and a survival time, ``complete`` those that
            also have every modality that is here at all.
        rna_genes: Genes with the largest median absolute deviation on the training rows; None
            takes all.
        wsi: ``hif`` reads a table of slide features by case, ``patches`` pools patch features.
        report_width: Dimensions that a report is reduced to.
        synthetic_size: Cases of a generated cohort.
    """

    unlike_papers: ClassVar[str] = (
        "which patients, slide features and endpoint are behind the printed number is not published"
    )

    cancer: Cancer = "blca"
    omics: Layout = "porpoise"
    cohort: Literal["all", "complete"] = "all"
    rna_genes: int | None = Field(default=None, ge=1)
    wsi: Literal["hif", "patches"] = "hif"
    report_width: int = Field(default=256, ge=1)

    @property
    def table(self) -> str:
        """Name of the cohort's files: ``lgg`` is part of ``gbmlgg``."""
        return "gbmlgg" if self.cancer == "lgg" else self.cancer

    @property
    def can_be_generated(self) -> bool:
        """The generator writes PORPOISE's tables and slide features by case."""
        return self.omics == "porpoise" and self.wsi == "hif"

    def generator_options(self) -> dict[str, Any]:
        """Return the table to write."""
        return {"cancer": self.table}


@dataclass(frozen=True)
class Origin:
    """What a release is called.

    Attributes:
        title: Behind the project's name.
        version: As its publisher counts.
        terms: Terms of use.
    """

    title: str
    version: str
    terms: str


ORIGINS: dict[Layout, Origin] = {
    "porpoise": Origin(
        "PORPOISE omics table",
        "datasets_csv_mutsig",
        "TCGA open tier; the table's repository is GPL-3",
    ),
    "cbioportal": Origin("cBioPortal study", "pan_can_atlas_2018", "TCGA open tier; ODbL 1.0"),
    "xena": Origin("UCSC Xena matrix with TCGA-CDR survival", "PanCanAtlas", "TCGA open tier"),
    "mmp": Origin("SurvPath expression with MMP's folds", "2024", "TCGA open tier; CC-BY-NC-ND"),
}


@dataclass(frozen=True)
class Published:
    """What a published omics table holds.

    Attributes:
        cases: Patients.
        slides: Rows; a case has one per slide.
        widths: Features of rna, cnv and mutation.
    """

    cases: int
    slides: int
    widths: tuple[int, int, int]


#: PORPOISE, folder datasets_csv_mutsig, by file.
PUBLISHED = {
    "blca": Published(373, 437, (1554, 256, 371)),
    "brca": Published(956, 1022, (1558, 1333, 21)),
    "gbmlgg": Published(569, 1011, (1544, 30, 16)),
    "luad": Published(453, 515, (1555, 517, 864)),
    "ucec": Published(480, 538, (0, 5, 1406)),
}
#: Slide features by case, where a table of them is published.
HIF_WIDTH = 607
#: Patch features of CLAM's ResNet-50 and of UNI; other encoders have other widths.
PATCH_WIDTH = 1024
