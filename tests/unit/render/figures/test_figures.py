"""Figures: what is drawn where, files that repeat, and what happens without matplotlib."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text as Label

from benchmark.core.errors import UsageError
from benchmark.render.figures import canvas
from benchmark.render.figures.canvas import FORMATS, rendered, styled, text_width
from benchmark.render.figures.forest import Against, forest_figures
from benchmark.render.figures.ranks import Ranks, difference_figure, rank_figure
from benchmark.render.figures.rows import FigureRow, fitted, lay_out
from benchmark.render.figures.strip import Panel, Strip, axis_limits, strip_figures
from benchmark.render.table import VerdictWord

SIGNATURES = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
ROWS = [
    FigureRow("prior", "Prior", "Controls"),
    FigureRow("ridge", "Ridge", "Controls"),
    FigureRow("trees", "Trees", "Controls"),
    FigureRow("early", "Early fusion of a great many modalities with a long name ($5)", "Fusion"),
]
NEAR = {
    "ridge": Strip((0.90, 0.91, 0.92), 0.91, 0.01),
    "trees": Strip((0.91, 0.92, 0.93), 0.92, 0.01),
    "early": Strip((0.92, 0.94), 0.93, 0.014, "2/3"),
}
FAR = {"prior": Strip((0.5, 0.5, 0.5), 0.5, 0.0)}
RANKS = Ranks(
    labels=("A", "B", "C", "D"),
    mean_ranks=(1.5, 3.5, 2.0, 3.0),
    block_ranks=((1.0, 2.0), (3.0, 4.0), (2.0, 2.0), (3.0, 3.0)),
    critical_difference=1.2,
    groups=((0, 2), (2, 3), (3, 1)),
)
#: Draws without pytest around; prints what it imported on load and the digests of its files.
ALONE = """
import hashlib, sys
from benchmark.render.figures.canvas import FORMATS, rendered, styled
from benchmark.render.figures.ranks import Ranks, difference_figure
import benchmark.render.figures.forest, benchmark.render.figures.strip
loaded = [name for name in ("matplotlib", "pandas", "torch", "scipy") if name in sys.modules]
with styled():
    ranks = Ranks(("A", "B"), (1.0, 2.0), ((1.0,), (2.0,)), 1.2, ((0, 1),))
    files = [rendered(difference_figure("T", ranks), one) for one in FORMATS]
    digests = [hashlib.sha256(one).hexdigest() for one in files]
print(loaded, *digests)
"""


@pytest.fixture(autouse=True)
def style() -> Iterator[None]:
    """Draw in our style."""
    with styled():
        yield


def words(figure: Figure) -> list[str]:
    return [one.get_text() for one in figure.findobj(Label) if one.get_text()]


def panel(**changes: object) -> Panel:
    given = {"title": "wdbc: diagnosis", "label": "AUROC", "strips": {**FAR, **NEAR}, **changes}
    return Panel(**given)  # type: ignore[arg-type]


def record(verdict: VerdictWord, difference: float = 1.0, interval: bool = True) -> Against:
    ends = (difference - 0.5, difference + 0.5) if interval else (None, None)
    return Against("rsna: cancer, F1", "Ridge", "81.0", "80.0 ± 1.0", difference, *ends, verdict)


def draw(name: str) -> Figure:
    footer = ["a: SYNTHETIC data."]
    if name == "strip":
        return next(strip_figures("Title", ROWS, [panel()], footer))
    if name == "forest":
        return next(forest_figures("Title", [record("differs")], footer))
    return {"ranks": rank_figure, "difference": difference_figure}[name]("Title", RANKS, footer)


@pytest.mark.parametrize("name", ["strip", "ranks", "difference", "forest"])
def test_every_figure_is_a_file_in_three_formats_and_repeats(name: str) -> None:
    first, second = draw(name), draw(name)
    for fmt in FORMATS:
        data = rendered(first, fmt)
        assert data.startswith(SIGNATURES[fmt])
        assert len(data) > 2000
        assert data == rendered(second, fmt)
        assert b"2026" not in data or fmt == "png", "no date belongs in a file"


@pytest.mark.parametrize("name", ["strip", "ranks", "difference", "forest"])
def test_every_figure_carries_its_warnings_inside_its_frame(name: str) -> None:
    figure = draw(name)
    figure.draw_without_rendering()  # labels of an axis find their places only then
    assert any("SYNTHETIC" in one for one in words(figure))
    width, height = figure.get_size_inches() * figure.dpi
    ticks = [one for axes in figure.axes for one in axes.get_xticklabels()]  # also beyond the axis
    for one in figure.findobj(Label):
        if one.get_text() and one not in ticks:
            box = one.get_window_extent()
            assert box.x0 >= -1, one.get_text()
            assert box.x1 <= width + 1, one.get_text()
            assert box.y0 >= -1, one.get_text()
            assert box.y1 <= height + 1, one.get_text()


def test_files_repeat_in_another_process_and_nothing_heavy_is_loaded_before_drawing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, check=True, timeout=60
    )
    ranks = Ranks(("A", "B"), (1.0, 2.0), ((1.0,), (2.0,)), 1.2, ((0, 1),))
    here = [
        hashlib.sha256(rendered(difference_figure("T", ranks), one)).hexdigest() for one in FORMATS
    ]
    assert done.stdout.split() == ["[]", *here]


def test_strips_show_runs_means_and_what_is_missing() -> None:
    figure = next(strip_figures("Title", ROWS, [panel()]))
    shown = words(figure)
    assert "Controls" in shown
    assert "2/3" in shown
    assert "◂ 0.500 ± 0.000" in shown  # Prior lies beyond the axis
    assert "AUROC (higher is better)" in shown
    dots = sum(len(one.get_offsets()) for one in figure.axes[0].collections)
    assert dots == 8  # of Ridge, Trees and Early fusion


def test_a_dollar_sign_is_a_dollar_sign() -> None:
    figure = next(strip_figures("Costs $1 and $2", ROWS, [panel()]))
    assert "Costs $1 and $2" in words(figure)
    assert rendered(figure, "png")


def test_an_axis_leaves_distant_rows_out_only_where_that_helps() -> None:
    rows = {str(at): Strip((0.9 + at / 100,), 0.9 + at / 100) for at in range(4)}
    whole = axis_limits(panel(strips=rows))
    assert whole == pytest.approx((0.9 - 0.0015, 0.93 + 0.0015))
    assert axis_limits(panel(strips={**rows, **FAR})) == pytest.approx(whole)
    lower = axis_limits(panel(strips={**rows, **FAR}, higher_is_better=False))
    assert lower[0] < 0.5, "the best row is never left out"


def test_a_panel_with_equal_values_or_none_still_has_an_axis() -> None:
    for strips in ({"ridge": Strip((0.5,), 0.5)}, {"ridge": Strip((), None, None, "0/3")}, {}):
        low, high = axis_limits(panel(strips=strips))
        assert low < high
        assert rendered(next(strip_figures("T", ROWS, [panel(strips=strips)])), "png")


def test_many_panels_go_on_further_pages() -> None:
    figures = list(strip_figures("Title", ROWS, [panel()] * 7))
    assert [len(one.axes) for one in figures] == [6, 1]
    assert "Title (2 of 2)" in words(figures[1])


def test_many_rows_make_a_figure_higher_not_denser() -> None:
    few, many = (
        lay_out([FigureRow(str(at), f"Row {at}") for at in range(count)]) for count in (5, 50)
    )
    assert many.height == pytest.approx(10 * few.height)


def test_long_texts_are_wrapped_between_words() -> None:
    lines = fitted("measured minus printed over many folds and seeds", 1.0, 9.0)
    assert " ".join(lines) == "measured minus printed over many folds and seeds"
    assert len(lines) > 2
    assert all(text_width([one]) <= 1.0 for one in lines)
    assert "\n" in lay_out(ROWS).labels["early"]


def test_bars_join_what_does_not_differ() -> None:
    figure = difference_figure("Title", RANKS)
    bars = [one for one in figure.axes[0].lines if one.get_linewidth() == 3.0]
    ends = [tuple(float(x) for x in one.get_xdata()) for one in bars]
    assert ends == [
        pytest.approx((1.5 - 0.03, 2.0 + 0.03)),
        pytest.approx((2.0 - 0.03, 3.0 + 0.03)),
        pytest.approx((3.0 - 0.03, 3.5 + 0.03)),
    ]
    assert "CD = 1.20" in words(figure)


def test_without_a_critical_difference_there_is_no_such_diagram() -> None:
    with pytest.raises(ValueError, match="no critical difference"):
        difference_figure("Title", Ranks(("A",), (1.0,), ((1.0,),)))


def test_verdicts_differ_in_colour_and_shape() -> None:
    verdicts: list[VerdictWord] = ["agrees", "differs", "inconclusive"]
    figure = next(forest_figures("Title", [record(one) for one in verdicts], unit="percent"))
    marks = [one for one in figure.axes[0].lines if one.get_marker() not in ("None", "")]
    assert len({(one.get_marker(), one.get_color()) for one in marks}) == 3
    assert len({one.get_marker() for one in marks}) == 3
    assert "Measured minus printed (percent)" in words(figure)
    assert any("81.0 | 80.0 ± 1.0" in one for one in words(figure))


def test_a_forest_without_intervals_has_points_only() -> None:
    figure = next(forest_figures("Title", [record("not comparable", interval=False)]))
    marks = [one for one in figure.axes[0].lines if one.get_marker() == "o"]
    assert [one.get_markerfacecolor() for one in marks] == ["white"]


def test_without_matplotlib_the_message_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(canvas, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"need matplotlib.*\n.*pip install 'mmbench\[figures\]'"):
        canvas.require_matplotlib()
