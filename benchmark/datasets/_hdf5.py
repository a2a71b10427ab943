"""Reading HDF5 files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import DataError


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """Open a file for reading.

    Raises:
        DataError: h5py is not installed, or the file is missing or damaged.
    """
    try:
        import h5py
    except ImportError:
        raise DataError(f"{path} needs h5py", "pip install 'mmbench[medical]'") from None
    if not path.is_file():
        raise DataError(f"{path} is not there", "complete the release")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise DataError(f"{path} cannot be read as HDF5: {error}", "fetch it again") from error
    with file:
        yield file


def matrix(path: Path, file: Any, key: str, width: int) -> NDArray[Any]:
    """Return an (N, width) matrix, memory-mapped where it is stored in one piece.

    Changes made to what is returned never reach the file.

    Raises:
        DataError: There is none of that name and width.
    """
    shape = file[key].shape if key in file else None
    if shape is None or len(shape) != 2 or shape[1] != width:
        raise DataError(
            f"{path}: {key!r} is {shape or 'missing'}, not (N, {width})", "fetch it again"
        )
    stored = file[key]
    offset = stored.id.get_offset()
    if offset is None:
        return np.asarray(stored[:])
    return np.memmap(path, stored.dtype, mode="c", offset=offset, shape=shape)
