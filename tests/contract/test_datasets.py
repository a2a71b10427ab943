"""What holds for every registered dataset, with default options and with the harder ones below.

``mmbench check`` makes the same checks.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmark.checks._base import Check
from benchmark.checks.datasets import CHECKS, DatasetSubject
from benchmark.core.paths import Paths
from benchmark.datasets import DATASETS

HARDER: dict[str, dict[str, Any]] = {
    "adni": {
        "complete": ["image"],
        "any_of": ["genomic", "biospecimen"],
        "any_of_parts": "train",
        "tables": "mean_filled",
        "synthetic_size": 80,
        "synthetic_volume": [14, 12, 13],
        "synthetic_snps": 1200,
    },
    "enrico": {"augmentation": "once"},
    "mimic_mortality": {
        "empty_rows": "observed",
        "missing_values": "train_mean",
        "scaling": "train",
        "synthetic_size": 60,
    },
    "mimic_mortality_raw": {
        "charted": False,
        "lab_items": 20,
        "lab_scaling": "train",
        "icd10_procedures": "drop",
        "note_width": 8,
        "note_days": 2,
        "subsample": 40,
        "synthetic_size": 60,
    },
    "mosi": {"neutral": "unlabelled", "infinite": "largest", "synthetic_size": 60},
    "planted": {
        "n": 90,
        "modalities": 3,
        "classes": 3,
        "mechanisms": {"shared": 0.5, "xor": 0.5},
        "missing": {"a": 0.4, "c": 0.6},
        "unlabelled": 0.2,
        "samples_per_group": 2,
    },
    "tcga": {"cohort": "complete", "rna_genes": 40, "report_width": 8},
}
#: Releases of many images: fewer and smaller ones than by default, made once for all checks.
SMALL = {"synthetic_size": 60, "image_size": 32}
IMAGES: dict[str, dict[str, Any]] = {"embed": SMALL, "rsna": SMALL, "vindr": SMALL, "gamma": SMALL}
IMAGES["mimic_icu"] = STAYS = {"synthetic_size": 40, "xray_size": 32}
HARDER |= {
    "mimic_icu": {
        **STAYS,
        "cohort": "fusemoe",
        "channels": "mimic3_17",
        "imputation": "mimic3",
        "measured_time": "charttime",
        "codes": "admission",
    },
    "embed": {
        **SMALL,
        "side": "any",
        "findings": "each",
        "join": "patient_and_date",
        "images": "any",
        "labels": "complete",
        "censor": "negative",
        "intensity": "max",
    },
    "rsna": {**SMALL, "sites": [1, 2], "implants": "keep", "images": "any"},
}
CASES = [(name, IMAGES.get(name, {})) for name in DATASETS] + list(HARDER.items())


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all checks: they change nothing in it, and each release is generated once."""
    return tmp_path_factory.mktemp("cache")


# A check that cannot be made raises NotChecked and fails here: tell it how, or leave it out here.
@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: case[0] + ("-harder" if case in HARDER.items() else "")
)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name.replace(" ", "_"))
def test_dataset(
    check: Check[DatasetSubject],
    case: tuple[str, dict[str, Any]],
    cache: Path,
    tcga_release: Path,
) -> None:
    paths = Paths(cache, releases={"tcga": tcga_release / "tcga" / "blca"})
    check.run(DatasetSubject(case[0], paths, case[1]))


@pytest.mark.parametrize("name", list(DATASETS))
def test_module_probe_and_describe_need_no_torch(name: str) -> None:
    code = f"""
import sys
from contextlib import suppress
from pathlib import Path
from benchmark.core.errors import DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
cls, config = DATASETS.load({name!r}), DATASETS.config({name!r})()
with suppress(DataNotAvailable):
    cls.probe(config, DataContext(Paths(cache=Path("nowhere"))))
cls.describe(config)
sys.exit(", ".join(heavy for heavy in ("torch", "sklearn") if heavy in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
