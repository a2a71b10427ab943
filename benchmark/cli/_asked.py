"""The options that plan, run, status, report and export share, declared once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from benchmark.cli import _options
from benchmark.cli._plugins import use_plugins
from benchmark.cli._work import Asked

#: Field of ``Asked``, declaration, default.
_SHARED: tuple[tuple[str, Any, Any], ...] = (
    ("tables", _options.TablesArgument, None),
    ("rows", _options.RowsOption, None),
    ("models", _options.ModelsOption, None),
    ("datasets", _options.DatasetsOption, None),
    ("tasks", _options.TasksOption, None),
    ("folds", _options.FoldsOption, None),
    ("seeds", _options.SeedsOption, None),
    ("profile", _options.ProfileOption, "auto"),
    ("source", _options.SourceOption, "auto"),
    ("variant", _options.VariantOption, "described"),
    ("data", _options.DataOption, None),
    ("overrides", _options.SetOption, None),
    ("cache", _options.CacheOption, None),
    ("device", _options.DeviceOption, "auto"),
    ("plugins", _options.PluginOption, None),
)


def asks_for_tables(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options; it gets them as its first argument, an ``Asked``.

    Typer reads a command's signature, so the shared options are put in front of its own there.
    """
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, kind, default in _SHARED
    ]
    named = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]

    @wraps(command)
    def asking(**values: Any) -> None:
        picked = {name: values.pop(name) for name, _, _ in _SHARED}
        given = {name: one for name, one in picked.items() if one is not None}
        asked = Asked(**given)
        use_plugins(asked.plugins)
        command(asked, **values)

    parameters = [*shared, *named]
    asking.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    asking.__annotations__ = {one.name: one.annotation for one in parameters}
    return asking
