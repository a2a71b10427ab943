"""Pretrained weights that encoders ask for: found and hashed while planning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from benchmark.core.digests import file_digest
from benchmark.core.errors import DataError, UsageError
from benchmark.core.paths import Paths
from benchmark.core.spec import Ref

ENDINGS = (".safetensors", ".pt", ".pth", ".bin")
_WITHOUT = "--set 'encoders.*.pretrained=null' trains without, which no paper's number is of"


class WeightsMissing(DataError):
    """Files of pretrained weights are not on this machine.

    Args:
        files: Their names.
        folder: Where they were looked for; None if no folder is set.
    """

    def __init__(self, files: Iterable[str], folder: Path | None) -> None:
        self.files, self.folder = tuple(sorted(set(files))), folder
        names = ", ".join(self.files)
        if folder is None:
            message = f"no folder of pretrained weights is set, and {names} is needed"
            place = f"put {names} into a folder and set MMBENCH_WEIGHTS to it"
        else:
            message = f"pretrained weights are missing: {names} in {folder}"
            place = f"put {names} into {folder} (MMBENCH_WEIGHTS)"
        super().__init__(message, f"{place}, or {_WITHOUT}")


def pretrained_names(encoders: Mapping[str, Ref]) -> tuple[str, ...]:
    """Return the files that encoders name as ``pretrained``, each once.

    Raises:
        UsageError: A name that is no file of weights below the folder.
    """
    found = [ref.config.get("pretrained") for ref in encoders.values()]
    names = tuple(dict.fromkeys(name for name in found if name))
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or path.suffix not in ENDINGS:
            raise UsageError(
                f"pretrained: {name!r} is not the name of a file of weights",
                f"name a file of the folder MMBENCH_WEIGHTS that ends in {', '.join(ENDINGS)}",
            )
    return names


def weights_of(encoders: Mapping[str, Ref], paths: Paths) -> dict[str, str]:
    """Return the SHA-256 of every pretrained file by name.

    Raises:
        WeightsMissing: Files that are not there, all at once.
        UsageError: A name that is no file of weights below the folder.
    """
    names = pretrained_names(encoders)
    folder = paths.weights
    if folder is None:
        if names:
            raise WeightsMissing(names, None)
        return {}
    if lacking := [name for name in names if not (folder / name).is_file()]:
        raise WeightsMissing(lacking, folder)
    return {name: file_digest(folder / name, paths.cache) for name in names}
