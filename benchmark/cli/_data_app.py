"""The verbs of ``mmbench data``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli._options import (
    CacheOption,
    DataOption,
    DatasetArgument,
    DatasetsArgument,
    JsonOption,
    NeededNamesArgument,
    PluginOption,
    ProfileOption,
    SetOption,
    SourceOption,
    TableCommand,
    VariantOption,
)

if TYPE_CHECKING:
    from benchmark.core.paths import Paths

data_app = typer.Typer(no_args_is_help=True, help="Which data is here; prepare or generate some.")


@data_app.command("status", cls=TableCommand)
def data_status_command(
    datasets: DatasetsArgument = None,
    source: SourceOption = "auto",
    settings: SetOption = None,
    data: DataOption = None,
    cache: CacheOption = None,
    as_json: JsonOption = False,
    plugin: PluginOption = None,
) -> None:
    """Tell for every dataset whether it is here, which release, and where it was looked for.

    Of datasets that are named it also tells whether they are prepared, and step by step how many
    records are left; --set changes options of their loader.
    """
    from benchmark.cli._options import assignments
    from benchmark.cli._plugins import use_plugins
    from benchmark.cli.data import data_status, named_status

    use_plugins(plugin)
    paths = _paths(data, cache)
    if datasets:
        named_status(datasets, paths, source, assignments(settings or []), as_json)
    else:
        data_status(paths, as_json)


@data_app.command("prepare", cls=TableCommand)
def data_prepare_command(
    names: NeededNamesArgument,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="Processes; default: all cores.")
    ] = None,
    skip_broken: Annotated[
        bool,
        typer.Option(
            "--skip-broken",
            help="Leave out and count samples whose files cannot be read (option broken: skip).",
        ),
    ] = False,
    profile: ProfileOption = "auto",
    variant: VariantOption = "described",
    source: SourceOption = "auto",
    settings: SetOption = None,
    data: DataOption = None,
    cache: CacheOption = None,
    plugin: PluginOption = None,
) -> None:
    """Bring releases into the form that runs read, once; killed, it goes on where it was.

    Of a table it prepares what its runs read, which `mmbench run` does itself. --set changes
    options of a dataset's loader; for a table they are named datasets.NAME.OPTION.
    """
    from benchmark.cli._plugins import use_plugins
    from benchmark.cli._work import Asked
    from benchmark.cli.data_prepare import prepare_named

    use_plugins(plugin)
    asked = Asked(
        tables=names,
        profile=profile,
        source=source,
        variant=variant,
        data=data or (),
        overrides=settings or (),
        cache=cache,
    )
    prepare_named(asked, jobs, skip_broken)


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
