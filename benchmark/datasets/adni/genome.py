"""Counts of alleles: read from an h5ad file once, kept in 8 bits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import DataError
from benchmark.datasets._hdf5 import open_hdf5

#: Stands for an allele that was not read.
UNREAD = -1
#: Alleles that controls see: those that vary most among the training rows.
CONTROL_ALLELES = 1000
_CELLS_AT_ONCE = 20_000_000

Alleles = NDArray[np.int8]


def read_alleles(path: Path) -> tuple[list[str], Alleles]:
    """Return the subjects of an AnnData file and their counts, (N, F) in {-1, 0, 1, 2}.

    ``X`` may be dense or CSR.

    Raises:
        DataError: It is not laid out as AnnData's files are, holds other values, or is CSC.
    """
    with open_hdf5(path) as file:
        if "X" not in file or "obs" not in file:
            raise DataError(f"{path} has no 'X' and 'obs'", "it is no h5ad file")
        subjects = _names(path, file["obs"])
        stored = file["X"]
        shape = _sparse_shape(path, stored) if hasattr(stored, "keys") else stored.shape
        if len(shape) != 2 or shape[0] != len(subjects):
            raise DataError(f"{path}: X is {tuple(shape)} for {len(subjects)} subjects")
        alleles = np.empty((int(shape[0]), int(shape[1])), dtype=np.int8)
        step = max(1, _CELLS_AT_ONCE // max(1, int(shape[1])))
        for start in range(0, len(alleles), step):
            rows = slice(start, min(start + step, len(alleles)))
            values = _rows(stored, rows, int(shape[1]))
            _check(path, values, subjects[start])
            alleles[rows] = np.where(np.isnan(values), UNREAD, values)
    return subjects, alleles


@dataclass(frozen=True)
class AlleleScale:
    """Unread alleles become the commonest count, then all are brought to [-1, 1].

    Attributes:
        mode: (F,) commonest count; the smaller of two equally common ones.
        low: (F,) smallest count.
        span: (F,) largest minus smallest count; 1 if nothing varies.
        varied: Positions of the alleles that vary most.
    """

    mode: NDArray[np.int8]
    low: NDArray[np.float32]
    span: NDArray[np.float32]
    varied: NDArray[np.int64]

    @classmethod
    def fit(cls, alleles: Alleles) -> AlleleScale:
        """Estimate from (K, F), K >= 1."""
        counts = np.stack([(alleles == value).sum(axis=0) for value in range(3)])
        mode = counts.argmax(axis=0).astype(np.int8)
        # Gaps are filled before the range is taken, so they never widen it.
        found = np.where(counts > 0, np.arange(3)[:, None], mode)
        low, high = found.min(axis=0), found.max(axis=0)
        share = counts / np.maximum(1, counts.sum(axis=0))
        mean = share[1] + 2 * share[2]
        variance = share[1] + 4 * share[2] - mean**2
        varied = np.sort(np.argsort(-variance, kind="stable")[:CONTROL_ALLELES])
        span = np.where(high > low, high - low, 1)
        return cls(mode, low.astype(np.float32), span.astype(np.float32), varied.astype(np.int64))

    def __call__(self, alleles: Alleles) -> NDArray[np.float32]:
        """Return (K, F) float32, within [-1, 1] for counts seen when fitting."""
        filled = np.where(alleles == UNREAD, self.mode, alleles).astype(np.float32)
        filled -= self.low
        filled *= 2 / self.span
        filled -= 1
        return filled


def _names(path: Path, obs: Any) -> list[str]:
    """Return the index of ``obs``: a group with an index column, or (old files) a table."""
    if hasattr(obs, "keys"):
        key = obs.attrs.get("_index", "_index")
        if key not in obs:
            raise DataError(f"{path}: obs has no index {key!r}", "it is no h5ad file")
        values = obs[key][:]
    else:
        values = obs[:][obs.dtype.names[0]]
    return [one.decode() if isinstance(one, bytes) else str(one) for one in values]


def _sparse_shape(path: Path, stored: Any) -> Any:
    """Return the shape of a matrix stored by rows; attributes have other names in old files."""
    attributes = dict(stored.attrs)
    layout = str(attributes.get("encoding-type", attributes.get("h5sparse_format", "csr")))
    if not layout.startswith("csr"):
        # Read as rows, columns would scatter the counts without any error.
        raise DataError(f"{path}: X is stored as {layout}", "store it dense, or by rows (CSR)")
    shape = attributes.get("shape", attributes.get("h5sparse_shape"))
    if shape is None:
        raise DataError(f"{path}: X does not say its shape", "it is no h5ad file")
    return shape


def _rows(stored: Any, rows: slice, width: int) -> NDArray[np.float64]:
    if not hasattr(stored, "keys"):
        return np.asarray(stored[rows], dtype=np.float64)
    ends = stored["indptr"][rows.start : rows.stop + 1]
    values = np.zeros((len(ends) - 1, width))
    data, columns = (stored[key][ends[0] : ends[-1]] for key in ("data", "indices"))
    values[np.repeat(np.arange(len(values)), np.diff(ends)), columns] = data
    return values


def _check(path: Path, values: NDArray[np.float64], first: str) -> None:
    strange = values[~(np.isnan(values) | np.isin(values, (0, 1, 2)))]
    if len(strange):
        raise DataError(
            f"{path} holds {strange[0]:g} in the rows from subject {first} on",
            "alleles are counts of 0, 1 or 2, or NaN",
        )
