"""Wisconsin diagnostic breast cancer: 569 fine-needle aspirates, 30 features of cell nuclei.

Street, Wolberg and Mangasarian, "Nuclear feature extraction for breast tumor diagnosis" (SPIE
1993); UCI Machine Learning Repository, https://doi.org/10.24432/C5DW2B, CC BY 4.0. The copy inside
scikit-learn is read, so nothing is downloaded. For ten properties of the nuclei (radius, texture,
...) the release gives the mean over an image, its standard error and the mean of the three largest
values: three modalities of ten features each. They measure the same nuclei, so they share much of
what they say. No value is missing.

The task ``diagnosis`` has the classes ``benign`` (0) and ``malignant`` (1); scikit-learn codes them
the other way round.

The release's sample numbers are not in scikit-learn's copy; every row is taken as one patient,
as the authors describe it, which cannot be checked here.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.datasets._base import DataContext, DatasetConfig
from benchmark.datasets._vector import VectorDataset

_MODALITIES = ("mean", "se", "worst")
_WIDTH = 10
_SAMPLES = 569


class WDBCConfig(DatasetConfig):
    """No options."""


class WDBC(VectorDataset):
    """The dataset; see the module's text.

    Args:
        config: No options.
        context: Source ``auto`` or ``real``.

    Raises:
        DataNotAvailable: Another source is asked for, or scikit-learn lacks the file.
        DataError: The file is not the known 569 x 30 table.
    """

    config_class = WDBCConfig

    def __init__(self, config: WDBCConfig, context: DataContext) -> None:
        super().__init__(config, context)
        from sklearn.datasets import load_breast_cancer

        self.release = self.probe(config, context)
        self.component = self.describe(config)
        bunch = load_breast_cancer()
        _check(bunch.data.shape, bunch.target_names)
        self.values = {
            name: np.asarray(bunch.data[:, i * _WIDTH : (i + 1) * _WIDTH], dtype=np.float64)
            for i, name in enumerate(_MODALITIES)
        }
        ids = [f"{row:03d}" for row in range(_SAMPLES)]
        self.samples = pd.DataFrame(
            {"sample_id": ids, "group_id": ids}
            | {f"observed:{name}": True for name in _MODALITIES}
            | {"target:diagnosis": (bunch.target == 0).astype(np.float64)}
        )

    @classmethod
    def probe(cls, config: WDBCConfig, context: DataContext) -> Release:
        """Hash scikit-learn's copy of the table, without importing scikit-learn."""
        if context.source not in ("auto", "real"):
            raise DataNotAvailable(
                f"wdbc has no {context.source} form", "use --source real or --source auto"
            )
        return Release(
            id="Breast Cancer Wisconsin (Diagnostic)",
            version="UCI 1995, scikit-learn's copy",
            source="real",
            fingerprint=hashlib.sha256(_table().read_bytes()).hexdigest(),
            terms="CC BY 4.0 (UCI)",
        )

    @classmethod
    def describe(cls, config: WDBCConfig) -> Component:
        """Three vectors of ten features, one binary task."""
        return Component(
            dataset="wdbc",
            modalities=tuple(
                Modality(name=name, kind="vector", shape=(_WIDTH,)) for name in _MODALITIES
            ),
            tasks=(Task(name="diagnosis", kind="binary", classes=("benign", "malignant")),),
        )


def _table() -> Path:
    spec = importlib.util.find_spec("sklearn")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        path = Path(folder) / "datasets" / "data" / "breast_cancer.csv"
        if path.is_file():
            return path
    raise DataNotAvailable(
        "wdbc is read from scikit-learn, whose breast_cancer.csv is not there",
        "install scikit-learn again: pip install --force-reinstall scikit-learn",
    )


def _check(shape: tuple[int, ...], target_names: object) -> None:
    names = [str(name) for name in np.asarray(target_names)]
    if shape != (_SAMPLES, len(_MODALITIES) * _WIDTH) or names != ["malignant", "benign"]:
        raise DataError(
            f"wdbc should be {_SAMPLES} x 30 with targets malignant, benign; "
            f"scikit-learn gives {shape} and {names}",
            "this version of scikit-learn is not supported; see constraints.txt",
        )
