"""MM-IMDb: 23 genres of films from the plot and the poster, as vectors made beforehand.

Read is MultiBench's ``multimodal_imdb.hdf5``: ``features`` (N, 300), the mean word vector of the
plot; ``vgg_features`` (N, 4096) of the poster; ``genres`` (N, 23) multi-hot; ``imdb_ids``. The
order of the rows is the official split: 15,552 train, 2,608 validate, 7,799 test. A file of another
length is cut at the same shares. Nothing is scaled, neither in the paper nor in the code, and every
film has both modalities. Matrices stored in one piece are memory-mapped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.datasets._base import DataContext
from benchmark.datasets._digest import data_fingerprint
from benchmark.datasets._factor_config import FactorConfig
from benchmark.datasets._hdf5 import matrix, open_hdf5
from benchmark.datasets._located import Located
from benchmark.datasets._release import Found, locate
from benchmark.datasets._vector import Transform, Values, VectorDataset

FOLDERS = ("mm-imdb", "mmimdb")
FILE = "multimodal_imdb.hdf5"
KEYS = {"text": "features", "image": "vgg_features"}
WIDTHS = {"text": 300, "image": 4096}
FILMS = 25_959
#: Ends of the training and of the validation part among all films.
CUTS = (15_552, 18_160)
#: In order of frequency, as the set's description counts them; the file names no columns.
GENRES = (
    "drama", "comedy", "romance", "thriller", "crime", "action", "adventure", "horror",
    "documentary", "mystery", "sci-fi", "fantasy", "family", "biography", "war", "history",
    "music", "animation", "musical", "western", "sport", "short", "film-noir",
)  # fmt: skip


class MMIMDbConfig(FactorConfig):
    """Nothing about the real release can be chosen.

    Attributes:
        synthetic_size: Films of a generated release.
    """

    MODALITIES: ClassVar[tuple[str, ...]] = tuple(KEYS)

    synthetic_size: int = Field(default=600, ge=300)


class MMIMDb(VectorDataset, Located):
    """All films; see the module's text.

    Raises:
        DataNotAvailable: No release of the source asked for.
        DataError: The HDF5 file is not laid out as MultiBench's.
    """

    config_class = MMIMDbConfig
    config: MMIMDbConfig

    def __init__(self, config: MMIMDbConfig, context: DataContext) -> None:
        super().__init__(config, context)
        found = self.find(config, context)
        path = found.ready() / FILE
        self.release = self.describe_release(config, context, found)
        with open_hdf5(path) as file:
            genres = np.asarray(matrix(path, file, "genres", len(GENRES)), dtype=np.float64)
            self.values = {
                name: matrix(path, file, key, WIDTHS[name]) for name, key in KEYS.items()
            }
            ids = _ids(path, file, len(genres))
        for name, values in self.values.items():
            if len(values) != len(genres):
                raise DataError(
                    f"{path}: {KEYS[name]} has {len(values)} rows, genres {len(genres)}"
                )
        self.samples = _samples(ids, genres)
        self.component = self.describe(config)

    @classmethod
    def find(cls, config: MMIMDbConfig, context: DataContext) -> Found:
        """Find the folder; see :class:`Located`."""
        return locate("mmimdb", FOLDERS, config, context, _complete)

    @classmethod
    def describe_release(cls, config: MMIMDbConfig, context: DataContext, found: Found) -> Release:
        """Take the name and the size of the HDF5 file, which is too large to hash."""
        cache = context.paths.cache
        return found.release(
            title="MM-IMDb, MultiBench features",
            version="multimodal_imdb.hdf5",
            cohort="all films",
            terms="MM-IMDb, research use; data of IMDb",
            content=lambda: data_fingerprint("mmimdb", found.root, cache, [], [found.root / FILE]),
        )

    @classmethod
    def describe(cls, config: MMIMDbConfig) -> Component:
        """Two vectors and 23 labels."""
        return Component(
            dataset="mmimdb",
            modalities=tuple(
                Modality(name=name, kind="vector", shape=(WIDTHS[name],)) for name in KEYS
            ),
            tasks=(Task(name="genre", kind="multilabel", classes=GENRES),),
        )

    def fit_values(self, modality: str, values: Any) -> Transform:
        """Leave values as they are; the encoders normalise."""
        return _as_they_are


def official_parts(n: int) -> NDArray[np.str_]:
    """Return the official part of each of ``n`` rows: cut by position, at the published shares."""
    first, second = (round(n * cut / FILMS) for cut in CUTS)
    return np.array(["train"] * first + ["val"] * (second - first) + ["test"] * (n - second))


def _as_they_are(values: Any) -> Values:
    return np.asarray(values, dtype=np.float64)


def _ids(path: Path, file: Any, n: int) -> list[str]:
    if "imdb_ids" not in file or len(file["imdb_ids"]) != n:
        raise DataError(f"{path} has no 'imdb_ids' with one id per film", "fetch it again")
    texts = [one.decode() if isinstance(one, bytes) else str(one) for one in file["imdb_ids"][:]]
    return [text.strip().zfill(7) for text in texts]


def _samples(ids: list[str], genres: NDArray[np.float64]) -> pd.DataFrame:
    return pd.DataFrame(
        {"sample_id": ids, "group_id": ids}
        | {f"observed:{name}": np.ones(len(ids), dtype=bool) for name in KEYS}
        | {f"target:genre:{genre}": genres[:, k] for k, genre in enumerate(GENRES)}
        | {"part": official_parts(len(ids))}
    )


def _complete(root: Path) -> tuple[Literal["real", "partial"], str]:
    path = root / FILE
    if not path.is_file():
        raise DataNotAvailable(f"mmimdb needs {path}", "download it as MultiBench describes")
    with open_hdf5(path) as file:
        films = len(file["genres"]) if "genres" in file else 0
    return "real" if films == FILMS else "partial", f"{films} films of {FILMS}"
