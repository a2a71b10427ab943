"""Write figures as files, each in every format."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.cli import _console
from benchmark.cli.export import naming
from benchmark.core.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_figures(folder: Path | None) -> None:
    """Check, before any work, that figures can be drawn and that a folder is meant.

    Raises:
        UsageError: matplotlib is not installed, or ``folder`` is a file.
    """
    from benchmark.render.figures.canvas import require_matplotlib

    if folder is None:
        return
    require_matplotlib()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--figures {folder} is a file", "name a folder")


def write_figures(folder: Path, figures: Callable[[], Iterable[tuple[str, Figure]]]) -> None:
    """Write each figure as ``<name>.png``, ``.svg`` and ``.pdf``; a file appears whole or not.

    Args:
        folder: Made if it is not there.
        figures: Gives names and figures; called where matplotlib has our style.

    Raises:
        UsageError: matplotlib is not installed.
        StoreError: A file cannot be written.
    """
    from benchmark.core.atomic import write_bytes
    from benchmark.render.figures.canvas import FORMATS, rendered, styled

    with styled():
        for name, figure in figures():
            for fmt in FORMATS:
                path = folder / f"{name}.{fmt}"
                with naming(path, "--figures"):
                    write_bytes(path, rendered(figure, fmt))
            _console.say(f"figure: {folder / name}.png, .svg, .pdf")
