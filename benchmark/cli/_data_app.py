"""The verbs of ``mmbench data``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli._options import (
    CacheOption,
    DataOption,
    DatasetArgument,
    JsonOption,
    PluginOption,
    SetOption,
    TableCommand,
)

if TYPE_CHECKING:
    from benchmark.core.paths import Paths

data_app = typer.Typer(no_args_is_help=True, help="Which data is here; prepare or generate some.")


@data_app.command("status", cls=TableCommand)
def data_status_command(
    data: DataOption = None,
    cache: CacheOption = None,
    as_json: JsonOption = False,
    plugin: PluginOption = None,
) -> None:
    """Tell for every dataset whether it is here, which release, and where it was looked for."""
    from benchmark.cli._plugins import use_plugins
    from benchmark.cli.data import data_status

    use_plugins(plugin)
    data_status(_paths(data, cache), as_json)


@data_app.command("synth", cls=TableCommand)
def data_synth_command(
    dataset: DatasetArgument,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to write; absent or empty.")
    ],
    size: Annotated[
        int | None, typer.Option("--size", min=1, help="Usually patients; default: the loader's.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of everything drawn.")] = 0,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a made-up miniature of a release in its official layout; labelled as such for good.

    --set changes options of the loader, e.g. --set cancer=luad.
    """
    from benchmark.cli._options import assignments
    from benchmark.cli.data_synth import write_synthetic

    write_synthetic(dataset, out, size, seed, assignments(settings or []), as_json)


def _paths(data: list[str] | None, cache: Path | None) -> Paths:
    from benchmark.cli._options import data_folders
    from benchmark.core.paths import find_paths

    root, releases = data_folders(data or [])
    return find_paths(cache=cache, data=root, releases=releases)
