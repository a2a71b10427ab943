"""``mmbench data synth``: write a miniature release that its loader reads like the real one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmark.cli._console import emit, emit_json, say
from benchmark.cli._loader import loader_config
from benchmark.core.errors import UsageError, suggestion


def write_synthetic(
    dataset: str,
    out: Path,
    size: int | None,
    seed: int,
    settings: Mapping[str, str],
    as_json: bool,
) -> None:
    """Write a release and print what it is and how to use it.

    Args:
        dataset: Registry name.
        out: Folder to write; absent or empty.
        size: Usually patients; None takes the loader's default.
        seed: Of everything drawn.
        settings: Options of the loader, value text by name.
        as_json: Print JSON instead of lines.

    Raises:
        UnknownNameError: A dataset that is not registered.
        UsageError: It has no generator, or the folder holds something.
        StoreError: The folder cannot be written.
    """
    from benchmark.datasets import DATASETS
    from benchmark.datasets._release import Recipe, ReleaseConfig, truth_folder
    from benchmark.datasets.synthetic import GENERATORS

    DATASETS.entry(dataset)
    if dataset not in GENERATORS:
        raise UsageError(f"{dataset} has no generator", suggestion(dataset, sorted(GENERATORS)))
    config: ReleaseConfig = loader_config(dataset, settings)
    change = {"synthetic_seed": seed} | ({} if size is None else {"synthetic_size": size})
    recipe = Recipe.of(dataset, config.model_copy(update=change))
    root = out.expanduser().resolve()
    for folder in (root, truth_folder(root)):
        _check_free(folder)
    say(f"writing a miniature release of {dataset}, size {recipe.size}, seed {recipe.seed}")
    recipe.write(root)
    files = sum(one.is_file() for one in root.rglob("*"))
    if as_json:
        truth = str(truth_folder(root))
        emit_json({"dataset": dataset, "folder": str(root), "truth": truth, "files": files})
        return
    emit(f"{files} files in {root}; every value is invented")
    emit(f"true factors, which no loader reads: {truth_folder(root)}")
    emit(f"use it with --data {dataset}={root}")


def _check_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty; nothing was written", "name a new folder")
