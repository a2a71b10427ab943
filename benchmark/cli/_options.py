"""Options that several verbs share, and several values after one option as people type them.

A verb that takes tables is registered with ``cls=TableCommand``; every option of it that is a list
then reads ``--datasets embed rsna``, ``--datasets embed,rsna`` and ``--datasets embed --datasets
rsna`` alike. Tables come before options, since a list would swallow them.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from benchmark.core.errors import MMBenchError, UnknownNameError, UsageError

_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")

#: What ``--only`` takes; ``failed`` is any status but ``ok``.
STATUSES = ("failed", "diverged", "timeout", "oom", "error", "killed")


class TableCommand(TyperCommand):
    """A command whose list options take several values each."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Write every list option out once per value, then parse as usual."""
        lists = {
            name for one in self.params if getattr(one, "multiple", False) for name in one.opts
        }
        return super().parse_args(ctx, repeat_options(args, lists, ctx.command_path))


def repeat_options(args: list[str], lists: set[str], command: str) -> list[str]:
    """Turn ``--folds 0 1`` into ``--folds 0 --folds 1``.

    Args:
        args: Words of the command line behind the verb.
        lists: Options that take several values.
        command: What was typed before, for error texts.

    Returns:
        The same words, every value of a list with its own option; nothing after ``--`` changes.

    Raises:
        UsageError: A list without a value, or one that has swallowed the name of a table.
    """
    words: list[str] = []
    swallowed: list[tuple[str, str]] = []
    option, values = "", 0
    head, tail = _split_at_dashes(args)
    for word in head:
        if word.startswith("-") and len(word) > 1:
            _check_not_empty(option, values)
            option, values = (word if word in lists else ""), 0
        elif option:
            values += 1
            words += [option, word]
            if _names_a_table(word):
                swallowed.append((word, option))
            continue
        if word not in lists:
            words.append(word)
    _check_not_empty(option, values)
    if swallowed:
        raise _swallowed(swallowed, args, command)
    return words + tail


def _names_a_table(word: str) -> bool:
    from benchmark.manifest.tables import resolve_table

    if "=" in word or Path(word).is_dir():
        return False
    try:
        resolve_table(word)
    except UnknownNameError:
        return False
    except MMBenchError:  # several tables of that name, or a manifest that cannot be read
        return True
    return True


def _split_at_dashes(args: list[str]) -> tuple[list[str], list[str]]:
    at = args.index("--") if "--" in args else len(args)
    return args[:at], args[at:]


def _check_not_empty(option: str, values: int) -> None:
    if option and not values:
        raise UsageError(f"{option} needs at least one value")


def _swallowed(found: list[tuple[str, str]], args: list[str], command: str) -> UsageError:
    tables = [word for word, _ in found]
    word, option = found[0]
    order = [*tables, *(one for one in args if one not in tables)]
    return UsageError(
        f"{word!r} was read as a value of {option}, and it is a table",
        f"put tables first: {command} {shlex.join(order)}",
    )


def split_commas(values: Iterable[str]) -> list[str]:
    """Return ``["a", "b", "c"]`` for ``["a,b", "c"]``; empty parts are dropped."""
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def data_folders(values: Iterable[str]) -> tuple[Path | None, dict[str, Path]]:
    """Read ``--data``: a folder of releases, or ``dataset=folder`` for one of them.

    Returns:
        The folder of releases if given, and the folder of one release by dataset.

    Raises:
        UsageError: Two folders of releases, or a folder that does not exist.
        UnknownNameError: A dataset that is not registered.
    """
    from benchmark.datasets import DATASETS

    root: Path | None = None
    releases: dict[str, Path] = {}
    for value in values:
        name, equals, text = value.partition("=")
        folder = Path(text if equals else value).expanduser()
        if not folder.is_dir():
            raise UsageError(f"--data {value}: {folder} is not a folder")
        if equals:
            DATASETS.entry(name)
            releases[name] = folder
        elif root is not None:
            raise UsageError(
                f"--data was given two folders of releases, {root} and {folder}",
                "name the dataset of a single release: --data embed=FOLDER",
            )
        else:
            root = folder
    return root, releases


def assignments(values: Iterable[str]) -> dict[str, str]:
    """Read ``--set path.to.setting=value`` into texts by path; the manifest reads the values.

    Raises:
        UsageError: Something without ``=``, or one path set twice.
    """
    found: dict[str, str] = {}
    for value in values:
        path, equals, text = value.partition("=")
        if not (path and equals):
            raise UsageError(f"--set {value!r} is not of the form path.to.setting=value")
        if path in found:
            raise UsageError(f"--set gives {path} twice: {found[path]!r} and {text!r}")
        found[path] = text
    return found


def _check_device(value: str) -> str:
    if not _DEVICE.fullmatch(value):
        raise typer.BadParameter(f"{value!r} is none of auto, cpu, cuda, cuda:N, mps")
    return value


def _check_timeout(value: float | None) -> float | None:
    if value is not None and not (0 < value < math.inf):
        raise typer.BadParameter(f"{value:g} is no number of seconds above 0")
    return value


def _check_statuses(values: list[str] | None) -> list[str]:
    statuses = split_commas(values or [])
    if wrong := [one for one in statuses if one not in STATUSES]:
        raise typer.BadParameter(f"{wrong[0]!r} is none of {', '.join(STATUSES)}")
    return statuses


def _complete_tables(incomplete: str) -> list[str]:
    from benchmark.manifest.tables import all_tables

    return [table.id for table in all_tables() if table.id.startswith(incomplete)]


def _complete_models(incomplete: str) -> list[str]:
    from benchmark.models import MODELS

    return [one for one in MODELS if one.startswith(incomplete)]


def _complete_datasets(incomplete: str) -> list[str]:
    from benchmark.datasets import DATASETS

    return [one for one in DATASETS if one.startswith(incomplete)]


def _complete_metrics(incomplete: str) -> list[str]:
    from benchmark.metrics import METRICS

    return [one for one in METRICS if one.startswith(incomplete)]


_SELECT = "Selection (names, globs, ranges; several values each)"
_HOW = "How to run"

TableArgument = Annotated[
    str,
    typer.Argument(
        metavar="TABLE", help="Table: id or bare name.", autocompletion=_complete_tables
    ),
]
TablesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TABLE]...", help="Tables: ids or bare names.", autocompletion=_complete_tables
    ),
]
DatasetArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", help="Registered dataset.", autocompletion=_complete_datasets),
]
DatasetsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...", help="Registered datasets.", autocompletion=_complete_datasets
    ),
]
NeededNamesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...",
        help="Registered datasets, or tables.",
        autocompletion=_complete_datasets,
    ),
]
RowsOption = Annotated[
    list[str] | None, typer.Option("--rows", help="Rows of the table.", rich_help_panel=_SELECT)
]
ModelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--models",
        help="Registered models.",
        rich_help_panel=_SELECT,
        autocompletion=_complete_models,
    ),
]
DatasetsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--datasets",
        help="Datasets of the table.",
        rich_help_panel=_SELECT,
        autocompletion=_complete_datasets,
    ),
]
TasksOption = Annotated[
    list[str] | None, typer.Option("--tasks", help="Tasks.", rich_help_panel=_SELECT)
]
FoldsOption = Annotated[
    list[str] | None, typer.Option("--folds", help="Folds, e.g. 0 2-4.", rich_help_panel=_SELECT)
]
SeedsOption = Annotated[
    list[str] | None, typer.Option("--seeds", help="Seeds, e.g. 0-4.", rich_help_panel=_SELECT)
]
ProfileOption = Annotated[
    str,
    typer.Option(
        "--profile",
        help="Scale: paper, demo, full; auto takes paper where data and device allow.",
        rich_help_panel=_HOW,
    ),
]
SourceOption = Annotated[
    Literal["auto", "real", "partial", "synthetic"],
    typer.Option("--source", help="Which data may be used.", rich_help_panel=_HOW),
]
DataOption = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="FOLDER|NAME=FOLDER",
        help="Folder of releases, or of one: embed=FOLDER.",
        rich_help_panel=_HOW,
    ),
]
VariantOption = Annotated[
    Literal["described", "released"],
    typer.Option(
        "--variant",
        help="What the paper states, or what its code does.",
        rich_help_panel=_HOW,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a setting, e.g. training.epochs=3.",
        rich_help_panel=_HOW,
    ),
]
CacheOption = Annotated[
    Path | None,
    typer.Option("--cache", help="Cache folder (MMBENCH_CACHE).", rich_help_panel=_HOW),
]
PluginOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        exists=True,
        dir_okay=False,
        metavar="FILE.py",
        help="Python file with a model, dataset, metric, encoder or loss (MMBENCH_PLUGINS).",
        rich_help_panel=_HOW,
    ),
]
DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="auto|cpu|cuda[:N]|mps",
        callback=_check_device,
        help="Where to compute.",
        rich_help_panel=_HOW,
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "-j", "--jobs", min=1, help="Runs at a time; default: what fits.", rich_help_panel=_HOW
    ),
]
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        callback=_check_timeout,
        help="Seconds a run may take, whatever its manifest says.",
        rich_help_panel=_HOW,
    ),
]
FailFastOption = Annotated[
    bool,
    typer.Option("--fail-fast", help="Stop at the first failure.", rich_help_panel=_HOW),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Run again what is finished.", rich_help_panel=_HOW)
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="|".join(STATUSES),
        callback=_check_statuses,
        help="Only runs that ended so; this also retries timeout and oom.",
        rich_help_panel=_HOW,
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option("--dry-run", help="Say what would be done, do nothing.", rich_help_panel=_HOW),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
MetricOption = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        "--metrics",
        help="A dataset's task takes the first of these it has; default: c-index, AUROC or MAE.",
        autocompletion=_complete_metrics,
    ),
]
FiguresOption = Annotated[
    Path | None,
    typer.Option("--figures", metavar="FOLDER", help="Draw figures as PNG, SVG and PDF."),
]
StrictOption = Annotated[
    bool,
    typer.Option("--strict", help="Exit code 5 if a number differs from the paper's."),
]
IntervalsOption = Annotated[
    bool,
    typer.Option(
        "--intervals",
        help="Bootstrap intervals over test samples of one split or of all folds; takes a while.",
    ),
]
TestsOption = Annotated[
    bool,
    typer.Option("--tests", help="Tests of every row against the reference, Holm by column."),
]
ReferenceOption = Annotated[
    str,
    typer.Option(
        "--reference", metavar="ROW", help="Row to test against; default: the manifest's."
    ),
]
OutputOption = Annotated[
    Path | None, typer.Option("-o", "--output", help="File or folder to write to.")
]
