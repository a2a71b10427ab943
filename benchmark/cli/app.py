"""The console script: verbs, global options, and how errors leave the program.

Nothing heavy is imported here; each verb imports what it needs when it is called.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from benchmark import __version__
from benchmark.cli import _console
from benchmark.cli._asked import asks_for_tables
from benchmark.cli._data_app import data_app
from benchmark.cli._options import (
    CacheOption,
    DataOption,
    DryRunOption,
    FailFastOption,
    FiguresOption,
    ForceOption,
    IntervalsOption,
    JobsOption,
    JsonOption,
    MetricOption,
    OnlyOption,
    OutputOption,
    PluginOption,
    ReferenceOption,
    SetOption,
    StrictOption,
    TableArgument,
    TableCommand,
    TablesArgument,
    TestsOption,
    TimeoutOption,
)
from benchmark.cli._work import Asked
from benchmark.core.errors import EXIT_CRASH, EXIT_DIFFERS, EXIT_INTERRUPTED, MMBenchError

_EPILOG = (
    "Exit codes: 0 ok, 1 crash, 2 usage, 3 some runs failed, 4 manifest invalid, "
    "5 measured differs (--strict), 130 interrupted. -q and -v are taken anywhere on the line."
)
_ANYWHERE = {"-q": -1, "--quiet": -1, "-v": 1, "--verbose": 1}


class _Verbs(TyperGroup):
    """Verbs in the order they are defined; ``-q`` and ``-v`` may stand behind the verb."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        hoisted = [word for word in args[:end] if word in _ANYWHERE]
        rest = [word for word in args[:end] if word not in _ANYWHERE]
        return super().parse_args(ctx, [*hoisted, *rest, *args[end:]])


app = typer.Typer(
    cls=_Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=_EPILOG,
    help="Reproduce the result tables of multimodal-learning papers, cell by cell.",
)
cache_app = typer.Typer(no_args_is_help=True, help="What is stored, and whether it is sound.")


def main() -> None:
    """Run the command line; always ends in SystemExit."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        sys.exit(_leave(error))


def _leave(error: Exception) -> int:
    """Tell what went wrong and return the exit code."""
    if _console.verbose():
        traceback.print_exception(error)
    if isinstance(error, MMBenchError):
        _console.complain(error)
        return error.exit_code
    sys.stderr.write(f"crashed: {type(error).__name__}: {error}\n")
    if not _console.verbose():
        sys.stderr.write("  for the traceback run it again with MMBENCH_DEBUG=1\n")
    return EXIT_CRASH


def _version(wanted: bool) -> None:
    if wanted:
        _console.emit(f"mmbench {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Errors only on stderr.")] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Details and tracebacks on stderr.")
    ] = False,
) -> None:
    """Reproduce the result tables of multimodal-learning papers, cell by cell."""
    _console.set_verbosity(1 if verbose else -1 if quiet else 0)


@app.command("list")
def list_command(
    what: Annotated[
        Literal[
            "tables",
            "models",
            "datasets",
            "metrics",
            "encoders",
            "losses",
            "strategies",
            "analyses",
            "scenarios",
            "quantities",
            "figures",
        ],
        typer.Argument(help="What to list."),
    ] = "tables",
    as_json: JsonOption = False,
    plain: Annotated[bool, typer.Option("--plain", help="Names only, one per line.")] = False,
    manifests: Annotated[
        bool, typer.Option("--manifests", help="Only tables that can be run.")
    ] = False,
    kind: Annotated[
        Literal["results", "analysis", "cost"] | None,
        typer.Option("--kind", help="Only tables of this kind."),
    ] = None,
    stored: Annotated[bool, typer.Option("--stored", help="Only tables with runs.")] = False,
    cache: CacheOption = None,
    plugin: PluginOption = None,
) -> None:
    """List tables, models, datasets, metrics ..."""
    from benchmark.cli._plugins import use_plugins
    from benchmark.cli.list import list_names, list_tables
    from benchmark.core.paths import find_paths

    if what == "tables":
        list_tables(as_json, plain, manifests, kind, find_paths(cache=cache) if stored else None)
    else:
        use_plugins(plugin)
        list_names(what, as_json, plain)


@app.command("show", cls=TableCommand)
def show_command(table: TableArgument, as_json: JsonOption = False) -> None:
    """Show the numbers a paper prints, and what does not fit in them."""
    from benchmark.cli.show import show_table

    show_table(table, as_json)


@app.command("validate", cls=TableCommand)
def validate_command(
    tables: TablesArgument = None, as_json: JsonOption = False, plugin: PluginOption = None
) -> None:
    """Check manifests and printed tables; all of them where none is named."""
    from benchmark.cli._plugins import use_plugins
    from benchmark.cli.validate import validate_tables

    use_plugins(plugin)
    raise typer.Exit(validate_tables(tables or [], as_json))


@app.command("plan", cls=TableCommand)
@asks_for_tables
def plan_command(
    asked: Asked,
    jobs: JobsOption = None,
    timeout: TimeoutOption = None,
    force: ForceOption = False,
    only: OnlyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which runs are cached, to run or not available, and how long they should take."""
    from benchmark.cli.run import How, plan_tables

    plan_tables(asked, How(jobs, timeout, force=force, only=tuple(only or ()), as_json=as_json))


@app.command("run", cls=TableCommand)
@asks_for_tables
def run_command(
    asked: Asked,
    jobs: JobsOption = None,
    timeout: TimeoutOption = None,
    fail_fast: FailFastOption = False,
    force: ForceOption = False,
    only: OnlyOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compute what is not stored yet and print the tables. Kill it at any moment; run it again."""
    from benchmark.cli.run import How, run_tables

    how = How(jobs, timeout, fail_fast, force, tuple(only or ()), dry_run, as_json)
    raise typer.Exit(run_tables(asked, how))


@app.command("status", cls=TableCommand)
@asks_for_tables
def status_command(asked: Asked, as_json: JsonOption = False) -> None:
    """Say how far tables are: runs by status, failures with their logs, runs in work."""
    from benchmark.cli._work import stored_expansions
    from benchmark.cli.status import print_status
    from benchmark.store.runs import RunStore

    store = RunStore(asked.paths().cache)
    print_status(stored_expansions(asked, store), store, as_json)


@app.command("report", cls=TableCommand)
@asks_for_tables
def report_command(
    asked: Asked,
    output: OutputOption = None,
    figures: FiguresOption = None,
    strict: StrictOption = False,
    intervals: IntervalsOption = False,
    tests: TestsOption = False,
    reference: ReferenceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Print tables from what is stored, beside the paper's numbers; nothing is run."""
    from benchmark.analysis.paper_table import any_differs
    from benchmark.cli._figures import check_figures
    from benchmark.cli._work import stored_expansions
    from benchmark.cli.report import Beside, draw_expansions, report_expansions
    from benchmark.store.runs import RunStore

    check_figures(figures)
    store = RunStore(asked.paths().cache)
    found = stored_expansions(asked, store)
    fmt = "json" if as_json else "terminal"
    beside = Beside(intervals, tests or bool(reference), reference)
    tables = report_expansions(found, store, fmt, output, beside)
    if figures is not None:
        draw_expansions(found, tables, store, figures)
    if strict and any(any_differs(table) for table in tables):
        raise typer.Exit(EXIT_DIFFERS)


@app.command("export", cls=TableCommand)
@asks_for_tables
def export_command(
    asked: Asked,
    fmt: Annotated[
        Literal["latex", "markdown", "csv", "json"],
        typer.Option("--format", "-f", help="Format of the file."),
    ] = "latex",
    output: OutputOption = None,
    intervals: IntervalsOption = False,
    tests: TestsOption = False,
    reference: ReferenceOption = "",
) -> None:
    """Write tables as LaTeX, Markdown, CSV or JSON, to stdout, a file or a folder."""
    from benchmark.cli._work import stored_expansions
    from benchmark.cli.report import Beside, report_expansions
    from benchmark.store.runs import RunStore

    beside = Beside(intervals, tests or bool(reference), reference)
    store = RunStore(asked.paths().cache)
    report_expansions(stored_expansions(asked, store), store, fmt, output, beside)


@app.command("compare", cls=TableCommand)
@asks_for_tables
def compare_command(
    asked: Asked,
    metric: MetricOption = None,
    reference: Annotated[
        str,
        typer.Option(
            "--reference",
            metavar="ROW|MODEL",
            help="Method the others are tested against; default: the one that all tables name, "
            "else the best mean rank.",
        ),
    ] = "",
    match: Annotated[
        Literal["settings", "label"],
        typer.Option(
            "--match",
            help="Rows of two tables are one method if label, model and settings agree, "
            "or label and model alone.",
        ),
    ] = "settings",
    fmt: Annotated[
        Literal["terminal", "latex", "markdown", "csv", "json"],
        typer.Option("--format", "-f", help="Format."),
    ] = "terminal",
    output: OutputOption = None,
    figures: FiguresOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare methods over tables and datasets from what is stored: ranks, wins, tests.

    Without a table all results tables with the named --datasets are compared.
    """
    from benchmark.cli.compare import How, compare_stored

    fmt = "json" if as_json else fmt
    how = How(tuple(metric or ()), reference, match, fmt, output, figures)
    compare_stored(asked, how)


@app.command("cite")
def cite_command(
    names: Annotated[
        list[str],
        typer.Argument(metavar="TABLE...", help="Tables, models or datasets."),
    ],
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print BibTeX of a table's paper, methods and datasets, and the datasets' terms."""
    from benchmark.cli._plugins import use_plugins
    from benchmark.cli.cite import cite

    use_plugins(plugin)
    cite(names, as_json)


@app.command("check", cls=TableCommand)
def check_command(
    subjects: Annotated[
        list[str],
        typer.Argument(metavar="FILE.py|NAME...", help="Plug-in files or registered names."),
    ],
    settings: SetOption = None,
    data: DataOption = None,
    cache: CacheOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check what models, datasets, metrics ... must do; exit code 1 if something does not hold.

    --set gives settings to a model or options to a dataset whose config has no default for them.
    """
    from benchmark.cli._options import assignments, data_folders
    from benchmark.cli._plugins import use_plugins
    from benchmark.cli.check import check_all, know_files
    from benchmark.core.paths import find_paths

    use_plugins(plugin)
    know_files(subjects)
    root, releases = data_folders(data or [])
    paths = find_paths(cache=cache, data=root, releases=releases)
    if not check_all(subjects, assignments(settings or []), paths, as_json):
        raise typer.Exit(EXIT_CRASH)


@app.command("doctor")
def doctor_command(cache: CacheOption = None, as_json: JsonOption = False) -> None:
    """Check Python, packages, devices, folders and data; exit code 1 if something is broken."""
    from benchmark.cli.doctor import doctor
    from benchmark.core.paths import find_paths

    if not doctor(find_paths(cache=cache), as_json):
        raise typer.Exit(EXIT_CRASH)


@cache_app.command("ls")
def cache_ls_command(cache: CacheOption = None, as_json: JsonOption = False) -> None:
    """Say how much is stored."""
    from benchmark.cli.cache import list_cache
    from benchmark.core.paths import find_paths

    list_cache(find_paths(cache=cache), as_json)


@cache_app.command("verify")
def cache_verify_command(cache: CacheOption = None, as_json: JsonOption = False) -> None:
    """Read every stored file and check it; exit code 1 if one is damaged."""
    from benchmark.cli.cache import verify_cache
    from benchmark.core.paths import find_paths

    if not verify_cache(find_paths(cache=cache), as_json):
        raise typer.Exit(EXIT_CRASH)


@cache_app.command("gc")
def cache_gc_command(
    delete: Annotated[bool, typer.Option("--delete", help="Delete; else only say what.")] = False,
    days: Annotated[
        float, typer.Option("--days", min=0.0, help="Age from which quarantined files may go.")
    ] = 30.0,
    unplanned: Annotated[
        bool,
        typer.Option(
            "--unplanned",
            help="Also runs that no table plans, such as those made with --set; runs on data that "
            "is not here stay.",
        ),
    ] = False,
    manifests: Annotated[
        list[Path] | None,
        typer.Option("--keep", exists=True, metavar="FILE.yaml", help="Your tables to keep."),
    ] = None,
    data: DataOption = None,
    cache: CacheOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what nobody needs any more, and delete it with --delete."""
    from benchmark.cli._options import data_folders
    from benchmark.cli._plugins import use_plugins
    from benchmark.cli.cache import collect_garbage
    from benchmark.core.paths import find_paths

    use_plugins(plugin)
    root, releases = data_folders(data or [])
    paths = find_paths(cache=cache, data=root, releases=releases)
    planned = (manifests or []) if unplanned else None
    collect_garbage(paths, days, planned, delete, as_json)


@cache_app.command("merge")
def cache_merge_command(
    other: Annotated[
        Path, typer.Argument(metavar="PATH", exists=True, file_okay=False, help="Another cache.")
    ],
    cache: CacheOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Copy the runs of another cache, e.g. of a cluster; exit code 1 after conflicts or damage."""
    from benchmark.cli.cache import merge_cache
    from benchmark.core.paths import find_paths

    if not merge_cache(other, find_paths(cache=cache), dry_run, as_json):
        raise typer.Exit(EXIT_CRASH)


@app.command("worker", hidden=True)
def worker_command(bundle: Annotated[Path, typer.Argument(metavar="BUNDLE.json")]) -> None:
    """Do the runs of a bundle; what execution engines call."""
    from benchmark.execution.worker import main as work

    raise typer.Exit(work(bundle))


app.add_typer(data_app, name="data")
app.add_typer(cache_app, name="cache")
