"""What all figures share: colours, type, and files that are the same whenever they are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Okabe and Ito (2008): told apart with any colour vision, and in print.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
INK, GREY, FAINT = "#222222", "#767676", "#dddddd"

FORMATS = ("png", "svg", "pdf")
_DPI = 200
#: Type sizes in points.
TEXT, SMALL = 9.0, 7.5
#: Inches per point.
_INCH = 1 / 72

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so text is equally wide everywhere
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.titleweight": "bold",
    "axes.labelsize": TEXT,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": TEXT,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "axes.labelcolor": INK,
    "text.parse_math": False,  # a dollar sign in a label is a dollar sign
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "svg.hashsalt": "mmbench",  # ids in the file would be random otherwise
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}
#: Dates and versions would make equal figures differ.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": "mmbench"},
    "pdf": {"CreationDate": None, "Creator": "mmbench", "Producer": None},
}


def require_matplotlib() -> None:
    """Check that figures can be drawn, before any work is done for them.

    Raises:
        UsageError: matplotlib is not installed; the hint is the command that installs it.
    """
    if find_spec("matplotlib") is None:
        raise UsageError(
            "figures need matplotlib, which is not installed",
            "python -m pip install 'mmbench[figures]', or in a checkout: "
            "python -m pip install -e '.[figures]'",
        )


@contextmanager
def styled() -> Iterator[None]:
    """Draw within: matplotlib's own defaults with ours on top, whatever the user's files say.

    Raises:
        UsageError: matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib import style

    with style.context(["default", _STYLE]):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches; no window and no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def rendered(figure: Figure, fmt: str) -> bytes:
    """Return a figure as the bytes of a file; equal figures give equal bytes."""
    out = BytesIO()
    figure.savefig(out, format=fmt, dpi=_DPI, metadata=_METADATA[fmt])
    return out.getvalue()


def text_width(texts: Sequence[str], size: float = TEXT, weight: str = "normal") -> float:
    """Return the width of the widest text in inches."""
    return max((_width(text, size, weight) for text in texts), default=0.0)


@lru_cache(maxsize=4096)
def _width(text: str, size: float, weight: str) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) * _INCH
