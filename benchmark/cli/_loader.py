"""Options of a loader from ``--set NAME=VALUE``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import UsageError

if TYPE_CHECKING:
    from benchmark.manifest.issues import Issue


def loader_config(dataset: str, settings: Mapping[str, str]) -> Any:
    """Return a loader's options, those named changed from their defaults.

    Args:
        dataset: Registry name.
        settings: Value text by name.

    Raises:
        UnknownNameError: A dataset that is not registered.
        UsageError: Options the loader does not have or values they cannot take; all at once.
    """
    from benchmark.datasets import DATASETS
    from benchmark.manifest.issues import parse
    from benchmark.manifest.overrides import parse_value

    values = {name: parse_value(text, name) for name, text in settings.items()}
    issues: list[Issue] = []
    config = parse(DATASETS.config(dataset), values, issues)
    if config is None:
        texts = [f"--set {'.'.join(map(str, one.path))}: {one.text}" for one in issues]
        raise UsageError("; ".join(texts))
    return config
