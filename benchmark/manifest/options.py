"""``--set datasets.NAME.OPTION=VALUE``: options of a loader from the command line."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from benchmark.core.errors import UnknownNameError, UsageError, suggestion
from benchmark.datasets import DATASETS
from benchmark.manifest.described import loader_of
from benchmark.manifest.overrides import parse_value
from benchmark.manifest.resolve import Leaf, Tree, merge
from benchmark.manifest.schema import Manifest

_PART = "datasets"


def is_option(path: str) -> bool:
    """Tell whether a path of ``--set`` leads to an option of a dataset's loader."""
    return path.partition(".")[0] == _PART


def changed_options(overrides: Mapping[str, str], manifest: Manifest, dataset: str) -> Tree:
    """Return what the command line changes on a dataset; ``*`` is every one that has the option.

    Args:
        overrides: Value text by path, as of ``--set``.
        manifest: The table.
        dataset: Name in the table.

    Raises:
        UsageError: A path that names no option, or a value that cannot be read.
    """
    changed: Tree = {}
    for path, text in overrides.items():
        if not is_option(path):
            continue
        name, keys = _split(path)
        if name == dataset or (name == "*" and keys[0] in _fields(manifest, dataset)):
            branch: Tree | Leaf = Leaf(parse_value(text, path), ("--set", path))
            for key in reversed(keys):
                branch = {key: branch}
            assert isinstance(branch, dict)
            changed = merge(changed, branch)
    return changed


def check_options(overrides: Mapping[str, str], manifest: Manifest) -> None:
    """Check that every option named is one of a dataset of the table.

    Raises:
        UnknownNameError: A dataset that the table does not have.
        UsageError: An option that its loader, or for ``*`` no loader, has.
    """
    fields = {name: _fields(manifest, name) for name in manifest.datasets}
    for path in filter(is_option, overrides):
        name, keys = _split(path)
        if name != "*" and name not in fields:
            raise UnknownNameError("dataset", name, fields)
        known = {one for data, has in fields.items() if name in ("*", data) for one in has}
        if keys[0] not in known:
            raise UsageError(
                f"--set {path}: no option {keys[0]!r}", suggestion(keys[0], sorted(known))
            )


def _split(path: str) -> tuple[str, tuple[str, ...]]:
    _, *rest = path.split(".")
    if len(rest) < 2 or not all(rest):
        raise UsageError(f"--set {path}: no option is named", "write it as datasets.NAME.OPTION=1")
    return rest[0], tuple(rest[1:])


def _fields(manifest: Manifest, dataset: str) -> Collection[str]:
    fields: Mapping[str, object] = DATASETS.config(loader_of(manifest, dataset)).model_fields
    return tuple(fields)
