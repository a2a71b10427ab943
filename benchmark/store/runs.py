"""The store: one JSON file per run is the truth; predictions and weights lie beside it."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from benchmark.core.atomic import is_temp, make_folder, replacing, store_error, write_bytes
from benchmark.core.errors import StoreError
from benchmark.core.result import FINAL, RunResult, Status
from benchmark.store import record

if TYPE_CHECKING:
    from pandas import DataFrame

logger = logging.getLogger(__name__)
_Decoded = TypeVar("_Decoded")


class RunStore:
    """Results in a cache folder; several processes may read and write it at once.

    Args:
        cache: Cache folder; made by the first write.
    """

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.runs = cache / "runs"
        self.artifacts = cache / "artifacts"
        self.quarantine = cache / "quarantine"
        self._prefix = f"{self.runs}/"

    def path(self, fingerprint: str) -> Path:
        """File of a run, whether it exists or not."""
        return self.runs / fingerprint[:2] / f"{fingerprint}.json"

    def predictions_path(self, fingerprint: str) -> Path:
        """Validation and test predictions of an ``ok`` run."""
        return self.artifacts / fingerprint / "predictions.parquet"

    def samples_path(self, fingerprint: str) -> Path:
        """What an analysis found sample by sample."""
        return self.artifacts / fingerprint / "samples.parquet"

    def weights_path(self, fingerprint: str) -> Path:
        """Trained weights of a run that keeps them."""
        return self.artifacts / fingerprint / "weights.safetensors"

    def checkpoint_path(self, fingerprint: str) -> Path:
        """Epoch checkpoint of a run in flight."""
        return self.artifacts / fingerprint / "checkpoint.pt"

    def has_weights(self, fingerprint: str) -> bool:
        """Tell whether trained weights are there for a child run."""
        return self.weights_path(fingerprint).is_file()

    def read(self, fingerprint: str) -> RunResult | None:
        """Return a stored result, or None; a file that does not hold goes to quarantine.

        Raises:
            StoreError: Written by a newer mmbench, or permission denied; the file stays.
        """
        return self._load(fingerprint, record.decode)

    def head(self, fingerprint: str) -> record.Head | None:
        """Return status and limits of a stored run, or None; much faster than :meth:`read`."""
        return self._load(fingerprint, record.decode_head)

    def heads(self, fingerprints: Iterable[str]) -> dict[str, record.Head]:
        """Return the heads of those runs that are stored."""
        found = ((fingerprint, self.head(fingerprint)) for fingerprint in fingerprints)
        return {fingerprint: head for fingerprint, head in found if head}

    def statuses(self, fingerprints: Iterable[str]) -> dict[str, Status]:
        """Return the status of those runs that are stored."""
        return {name: head.status for name, head in self.heads(fingerprints).items()}

    def plain(self, fingerprint: str) -> dict[str, Any] | None:
        """Return a stored result as plain JSON values, not validated field by field."""
        return self._load(fingerprint, record.decode_plain)

    def files(self) -> Iterator[os.DirEntry[str]]:
        """Yield the run files' directory entries in the order of fingerprints."""
        for folder in _scan(self.runs):
            if folder.is_dir():
                for entry in _scan(Path(folder.path)):
                    if entry.name.endswith(".json") and not is_temp(entry.name):
                        yield entry

    def fingerprints(self) -> list[str]:
        """Return the names of all stored runs, sorted."""
        return [entry.name.removesuffix(".json") for entry in self.files()]

    def all(self) -> Iterator[RunResult]:
        """Yield every stored result in the order of fingerprints."""
        for fingerprint in self.fingerprints():
            result = self.read(fingerprint)
            if result is not None:
                yield result

    def write(
        self,
        result: RunResult,
        predictions: DataFrame | None = None,
        weights: Path | None = None,
        samples: DataFrame | None = None,
    ) -> bool:
        """Store a result; what belongs to it is written first, so that ``ok`` implies it.

        Args:
            result: The record.
            predictions: Validation and test predictions.
            weights: Finished weights file; copied unless it is at :meth:`weights_path` already.
            samples: What an analysis found sample by sample.

        Returns:
            False if an ``ok`` or ``diverged`` result was kept instead of this failure.

        Raises:
            StoreError: The disk is full or closed to us; what was stored before is untouched.
            ValueError, TypeError: Something JSON has no form for is in the record, e.g. NaN.
        """
        fingerprint = result.fingerprint
        record.encode(result)  # Before anything is written: a record without a JSON form raises.
        if result.status not in FINAL and self._is_final(fingerprint):
            return False
        artifacts = {}
        for frame, path in (
            (predictions, self.predictions_path(fingerprint)),
            (samples, self.samples_path(fingerprint)),
        ):
            if frame is not None:
                _write_frame(frame, path)
                artifacts[path.name] = sha256(path)
        if weights is not None:
            path = self._place_weights(fingerprint, weights)
            artifacts[path.name] = sha256(path)
        write_bytes(self.path(fingerprint), record.encode(result, artifacts))
        return True

    def read_predictions(self, fingerprint: str) -> DataFrame | None:
        """Return the stored predictions, or None; an unreadable file goes to quarantine."""
        return self._read_frame(fingerprint, self.predictions_path(fingerprint))

    def read_samples(self, fingerprint: str) -> DataFrame | None:
        """Return what an analysis found sample by sample, like :meth:`read_predictions`."""
        return self._read_frame(fingerprint, self.samples_path(fingerprint))

    def remove_checkpoint(self, fingerprint: str) -> None:
        """Delete the epoch checkpoint, and the run's artifact folder if nothing else is in it."""
        folder = self.artifacts / fingerprint
        with suppress(OSError):
            self.checkpoint_path(fingerprint).unlink(missing_ok=True)
            folder.rmdir()

    def set_aside(self, path: Path, name: str, reason: str) -> None:
        """Move a file that does not hold to ``quarantine/`` and say so in the log."""
        target = self.quarantine / f"{name}.{uuid4().hex[:8]}"
        try:
            make_folder(self.quarantine)
            path.replace(target)
        except FileNotFoundError:
            return
        except (OSError, StoreError) as error:
            logger.warning("%s is unreadable (%s) and could not be moved: %s", path, reason, error)
            return
        logger.warning("%s is unreadable (%s); moved to %s", path, reason, target)

    def _is_final(self, fingerprint: str) -> bool:
        head = self.head(fingerprint)
        return head is not None and head.status in FINAL

    def _read_frame(self, fingerprint: str, path: Path) -> DataFrame | None:
        import pandas as pd
        from pyarrow import ArrowException

        try:
            return pd.read_parquet(path)
        except FileNotFoundError:
            return None
        except (ArrowException, OSError, ValueError) as error:
            self.set_aside(path, f"{fingerprint}.{path.name}", str(error))
            return None

    def _place_weights(self, fingerprint: str, weights: Path) -> Path:
        path = self.weights_path(fingerprint)
        if weights != path:
            with replacing(path) as temp:
                shutil.copyfile(weights, temp)
        return path

    def _load(self, fingerprint: str, decode: Callable[[bytes, str], _Decoded]) -> _Decoded | None:
        try:
            # A plain string: planning comes here thousands of times, and making a Path is slow.
            data, identity = _read(f"{self._prefix}{fingerprint[:2]}/{fingerprint}.json")
        except (FileNotFoundError, NotADirectoryError):
            return None  # a file where the cache should be: the first write says so
        except OSError as error:
            self._cannot_read(fingerprint, error)
            return None
        try:
            return decode(data, fingerprint)
        except record.CorruptRecord as error:
            # Another process may have replaced the bad file in the meantime: spare the good one.
            path = self.path(fingerprint)
            if _identity(path) == identity:
                self.set_aside(path, path.name, str(error))
            return None

    def _cannot_read(self, fingerprint: str, error: OSError) -> None:
        path = self.path(fingerprint)
        if isinstance(error, PermissionError):
            raise StoreError(f"cannot read {path}: {error.strerror}", "check its owner") from error
        self.set_aside(path, path.name, str(error))


def _write_frame(frame: DataFrame, path: Path) -> None:
    with replacing(path) as temp:
        frame.to_parquet(temp, index=False)


def sha256(path: Path) -> str:
    """Return the hexadecimal digest of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def writable(cache: Path) -> None:
    """Raise StoreError now if results could not be written later."""
    probe = cache / "runs" / ".writable"
    write_bytes(probe, b"mmbench")
    try:
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise store_error(error, probe) from error


def _read(path: str) -> tuple[bytes, tuple[int, int]]:
    with FileIO(path) as handle:
        stat = os.fstat(handle.fileno())
        return handle.readall(), (stat.st_ino, stat.st_mtime_ns)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
