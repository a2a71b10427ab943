"""Patch features of whole slides, as CLAM and TRIDENT write them, averaged to one vector per case.

``wsi_features/tcga_<cancer>/**/<slide>.pt``: a tensor (n, D) (CLAM's ``pt_files``); or
``<slide>.h5`` with a dataset ``features`` (TRIDENT, CLAM) or ``feats`` (STAMP), (n, D) or
(1, n, D).
A slide is named by its barcode ``TCGA-XX-YYYY-01Z-00-DX1.<UUID>``; diagnostic slides (DX) of the
primary tumour are read, the mean is taken over patches and then over the slides of a case. All
slides must come from one encoder. The means are kept in the cache, since the files are large.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.errors import DataError
from benchmark.datasets.tcga.cases import case_of

_SLIDE = re.compile(r"TCGA-\w{2}-\w{4}-01Z?-\w{2}-DX")
_KEYS = ("features", "feats")


def patch_files(folder: Path, cancer: str) -> tuple[Path, ...]:
    """Return one file per diagnostic slide; of a slide with two forms the ``.h5``."""
    root = folder / "wsi_features" / f"tcga_{cancer}"
    found: dict[str, Path] = {}
    for ending in ("pt", "h5"):
        for path in sorted(root.rglob(f"*.{ending}")):
            if _SLIDE.match(path.name):
                found[path.stem] = path
    return tuple(found[name] for name in sorted(found))


def patch_digest(files: Sequence[Path]) -> str:
    """Return the SHA-256 over names and sizes: the files themselves are too large to read."""
    lines = "".join(f"{path.name} {path.stat().st_size}\n" for path in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def read_patches(files: Sequence[Path], cache: Path) -> pd.DataFrame:
    """Return mean features by case, from the cache where they are.

    Raises:
        DataError: A file that cannot be read as patch features, or slides of several widths.
    """
    kept = cache / "data" / "tcga" / f"patches-{patch_digest(files)[:32]}.parquet"
    if kept.is_file():
        return pd.read_parquet(kept)
    slides = {path.name: slide_mean(path) for path in files}
    widths = {len(mean): name for name, mean in slides.items()}
    if len(widths) > 1:
        (one, first), (other, second) = sorted(widths.items())[:2]
        raise DataError(f"{first} has {one} features, {second} {other}: not of one encoder")
    table = pd.DataFrame.from_dict(slides, orient="index")
    table.columns = [f"patch_{k}" for k in range(table.shape[1])]
    cases = table.groupby([case_of(name) for name in table.index]).mean()
    _keep(cases, kept)
    return cases


def slide_mean(path: Path) -> NDArray[np.float64]:
    """Return the mean over the patches of a slide, (D,).

    Raises:
        DataError: The file holds no finite features of at least one patch.
    """
    values = np.asarray(_load_h5(path) if path.suffix == ".h5" else _load_pt(path), np.float64)
    if values.ndim == 3 and len(values) == 1:
        values = values[0]
    if values.ndim != 2 or not len(values) or not np.isfinite(values).all():
        raise DataError(
            f"{path} holds no finite matrix of patches × features, but shape {values.shape}"
        )
    mean: NDArray[np.float64] = values.mean(axis=0)
    return mean


def _load_pt(path: Path) -> NDArray[np.float32]:
    import pickle

    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise DataError(f"{path} cannot be read as a tensor: {error}") from error
    if not isinstance(found, torch.Tensor):
        raise DataError(f"{path} holds a {type(found).__name__}, not a tensor")
    return np.asarray(found.float().numpy())


def _load_h5(path: Path) -> NDArray[np.float32]:
    try:
        import h5py
    except ImportError:
        raise DataError(f"{path} needs h5py", "pip install 'mmbench[pathology]'") from None
    with h5py.File(path) as file:
        key = next((one for one in _KEYS if one in file), None)
        if key is None:
            raise DataError(f"{path} has none of the datasets {', '.join(_KEYS)}")
        return np.asarray(file[key][()], dtype=np.float32)


def _keep(cases: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temp = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex}.tmp")
    try:
        cases.to_parquet(temp)
        temp.replace(path)
    finally:
        temp.unlink(missing_ok=True)
