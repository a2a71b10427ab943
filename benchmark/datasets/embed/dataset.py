"""The EMBED dataset; see the package's text."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from benchmark.core.problem import Task
from benchmark.datasets._mammography import (
    Cohort,
    Facts,
    MammographyDataset,
    birads_task,
    density_task,
)
from benchmark.datasets._tables import count_rows
from benchmark.datasets.embed.cohort import read_cohort
from benchmark.datasets.embed.config import HORIZONS, VIEWS, EmbedConfig
from benchmark.datasets.embed.tables import CLINICAL, METADATA, read_files, read_findings

_FINDINGS, _FILES = 81_776, 480_323


class Embed(MammographyDataset):
    """Exams with four images of a breast, seven tasks."""

    config_class = EmbedConfig
    facts: ClassVar[Facts] = Facts(
        name="embed",
        folders=("EMBED_Open_Data", "embed-dataset-open", "embed"),
        title="EMBED Open Data",
        version="AWS Open Data",
        terms="EMBED data use agreement: on request, no redistribution",
        tables=(CLINICAL, METADATA),
        media="images",
        views=VIEWS,
        cohort="exams with C-view and 2D images of one breast",
    )

    @classmethod
    def completeness(cls, root: Path) -> tuple[Literal["real", "partial"], str]:
        """Compare the numbers of findings and files with the published ones."""
        findings, files = count_rows(root / CLINICAL), count_rows(root / METADATA)
        real = (findings, files) == (_FINDINGS, _FILES)
        size = f"{findings:,} findings of {_FINDINGS:,}, {files:,} files of {_FILES:,}"
        return "real" if real else "partial", size

    @classmethod
    def tasks(cls, config: EmbedConfig) -> tuple[Task, ...]:
        """Risk of cancer within 1 to 5 years, density, BI-RADS."""
        risks = (
            Task(name=f"risk_{years}y", kind="binary", classes=("no cancer", "cancer"))
            for years in HORIZONS
        )
        return (*risks, density_task(), birads_task(config.birads))

    @classmethod
    def candidate_files(cls, config: EmbedConfig, root: Path) -> list[str]:
        """Return the first file of each type and view of both breasts, of exams with findings."""
        files, _ = read_files(root, config)
        files = files[files["unit"].isin(read_findings(root, config.join)["exam"])]
        keys = ["unit", "view"] if config.side == "any" else ["unit", "side", "view"]
        return list(dict.fromkeys(files.drop_duplicates(keys)["path"]))

    @classmethod
    def read_cohort(cls, config: EmbedConfig, root: Path) -> Cohort:
        """Read both tables; DataError names file, column and row."""
        return read_cohort(config, root)
