"""Where the tables of a cohort are, and what makes them what they are."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import pandas as pd

from benchmark.core.errors import DataNotAvailable
from benchmark.datasets._base import DataContext
from benchmark.datasets._release import Found, locate
from benchmark.datasets.tcga.cases import Cases
from benchmark.datasets.tcga.cbioportal import PATIENTS, cbioportal_files, read_cbioportal
from benchmark.datasets.tcga.config import PUBLISHED, TCGAConfig
from benchmark.datasets.tcga.mmp import mmp_files, read_mmp
from benchmark.datasets.tcga.patches import patch_digest, patch_files, read_patches
from benchmark.datasets.tcga.porpoise import porpoise_file, porpoise_size, read_porpoise
from benchmark.datasets.tcga.wsi import hif_file, read_hif
from benchmark.datasets.tcga.xena import EXPRESSION, SURVIVAL, read_xena, xena_files


@dataclass(frozen=True)
class Files:
    """The tables found.

    Attributes:
        omics: Molecular data and survival: one table, or the files of a study.
        reports: Texts of reports; None if not here.
        wsi: Slide features, one table of them; None if not here.
        patches: Patch features, one file per slide; none if not here or not asked for.
    """

    omics: tuple[Path, ...]
    reports: Path | None
    wsi: Path | None
    patches: tuple[Path, ...] = ()

    @property
    def extras(self) -> str:
        """What there is beside omics, in words."""
        there = {"reports": self.reports, "slide features": self.wsi or self.patches}
        names = [name for name, path in there.items() if path]
        return " and ".join(names) or "nothing"

    def completeness(self, config: TCGAConfig) -> tuple[Literal["real", "partial"], str]:
        """Tell whether the omics table is the published one, whole, and how large it is.

        Only of PORPOISE's tables the size is known; other layouts count as partial.
        """
        if config.omics != "porpoise":
            return "partial", "a cohort of unknown size"
        cases, slides = porpoise_size(self.omics[0])
        known = PUBLISHED[config.table]
        whole = (cases, slides) == (known.cases, known.slides)
        return "real" if whole else "partial", f"{cases} cases of {known.cases}"

    def fingerprint(self) -> str:
        """Hash the content of every table."""
        body = hashlib.sha256()
        # Folders are named too: files of several folds are called alike.
        omics = [(f"omics {path.parent.name}/{path.name}", path) for path in self.omics[1:]]
        for name, path in (("omics", self.omics[0]), *omics, *self._others()):
            body.update(f"{name} {content_hash(path) if path else '-'}\n".encode())
        if self.patches:
            body.update(f"patches {patch_digest(self.patches)}\n".encode())
        return body.hexdigest()

    def _others(self) -> tuple[tuple[str, Path | None], ...]:
        return ("reports", self.reports), ("wsi", self.wsi)


def find_release(config: TCGAConfig, context: DataContext) -> Found:
    """Find the folder of the release.

    Raises:
        DataNotAvailable: None of the source asked for, or its omics table is not there.
    """

    def complete(folder: Path) -> tuple[Literal["real", "partial"], str]:
        return find_files(config, folder).completeness(config)

    return locate("tcga", ("tcga",), config, context, complete, config.can_be_generated)


def find_files(config: TCGAConfig, folder: Path) -> Files:
    """Look for the tables of a cohort.

    Raises:
        DataNotAvailable: Its omics table is not there.
    """
    omics = _OMICS[config.omics](folder, config)
    reports = (folder / "reports" / f"TCGA_Reports.csv{ending}" for ending in ("", ".gz", ".zip"))
    found = next((path for path in reports if path.is_file()), None)
    if config.wsi == "patches":
        return Files(omics, found, None, patch_files(folder, config.cancer))
    wsi = hif_file(folder, config.cancer)
    return Files(omics, found, wsi if wsi.is_file() else None)


def _find_porpoise(folder: Path, config: TCGAConfig) -> tuple[Path, ...]:
    path = porpoise_file(folder, config.table)
    if not path.is_file():
        raise DataNotAvailable(
            f"tcga {config.cancer} needs {path}",
            "put the file of PORPOISE's folder datasets_csv_mutsig there; if you have them, also "
            f"reports/TCGA_Reports.csv.gz and {hif_file(Path(), config.cancer)} into {folder}",
        )
    return (path,)


def _find_cbioportal(folder: Path, config: TCGAConfig) -> tuple[Path, ...]:
    study = folder / "cbioportal" / f"{config.cancer}_tcga_pan_can_atlas_2018"
    files = cbioportal_files(study)
    if study / PATIENTS not in files or len(files) < 2:
        raise DataNotAvailable(
            f"tcga {config.cancer} with omics: cbioportal needs {study / PATIENTS} and at least "
            "one of data_mrna_seq_v2_rsem*.txt, data_cna.txt, data_mutations.txt beside it",
            f"put the study folder of the cBioPortal datahub into {study.parent}",
        )
    return files


def _find_xena(folder: Path, config: TCGAConfig) -> tuple[Path, ...]:
    files = xena_files(folder / "xena")
    if files is None:
        raise DataNotAvailable(
            f"tcga {config.cancer} with omics: xena needs {SURVIVAL} and {EXPRESSION} in "
            f"{folder / 'xena'}",
            "download both from the PanCanAtlas hub of UCSC Xena, as they are or as .gz",
        )
    return files


def _find_mmp(folder: Path, config: TCGAConfig) -> tuple[Path, ...]:
    files = mmp_files(folder, config.cancer)
    if not files:
        raise DataNotAvailable(
            f"tcga {config.cancer} with omics: mmp needs "
            f"{folder / 'omics' / 'mmp' / config.cancer / 'rna_clean.csv'} and folders with "
            f"train.csv and test.csv in {folder / 'splits' / f'mmp_{config.cancer}'}",
            "take them from the repositories of SurvPath (raw_rna_data/xena) and MMP "
            "(splits/survival)",
        )
    return files


_OMICS: dict[str, Callable[[Path, TCGAConfig], tuple[Path, ...]]] = {
    "porpoise": _find_porpoise,
    "cbioportal": _find_cbioportal,
    "xena": _find_xena,
    "mmp": _find_mmp,
}


def read_cases(files: Files, config: TCGAConfig) -> Cases:
    """Read molecular data, survival and clinical data."""
    if config.omics == "cbioportal":
        return read_cbioportal(files.omics[0].parent)
    if config.omics == "xena":
        survival, expression = files.omics
        return read_xena(survival, expression, config.cancer)
    if config.omics == "mmp":
        return read_mmp(files.omics)
    return read_porpoise(files.omics[0], config.cancer)


def read_wsi(files: Files, cache: Path) -> pd.DataFrame | None:
    """Read slide features by case; None if they are not here."""
    if files.patches:
        return read_patches(files.patches, cache)
    return read_hif(files.wsi) if files.wsi else None


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file; of an archive that of its members, however they are packed."""
    stat = path.stat()
    return _content_hash(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _content_hash(path: Path, changed: int, length: int) -> str:
    body = hashlib.sha256()
    for part in _parts(path):
        body.update(part)
    return body.hexdigest()


def _parts(path: Path) -> Iterator[bytes]:
    if not zipfile.is_zipfile(path):
        yield path.read_bytes()
        return
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            yield archive.read(name)
