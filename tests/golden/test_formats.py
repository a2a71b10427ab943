"""Every format of one table, byte by byte; the LaTeX also compiles."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.render import latex, terminal
from benchmark.render.formats import FORMATS, SUFFIXES, render
from benchmark.render.table import Table

Golden = Callable[[str, str], None]
PACKAGES = ("booktabs", "graphicx", "geometry")


@pytest.mark.parametrize("fmt", ["markdown", "latex", "csv", "json"])
def test_files(fmt: str, table: Table, golden: Golden) -> None:
    golden(f"table{SUFFIXES[fmt]}", render(table, fmt))


@pytest.mark.parametrize("fmt", FORMATS)
def test_files_beside_a_paper(
    fmt: str, beside: Table, golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)  # test runners set it
    golden(f"beside{SUFFIXES[fmt]}", render(beside, fmt))


@pytest.mark.parametrize("width", [60, 160])
def test_terminal(width: int, table: Table, golden: Golden) -> None:
    golden(f"terminal_{width}.txt", terminal.render(table, width, color=False))


def test_terminal_with_escape_codes(table: Table, golden: Golden) -> None:
    golden("terminal_styled.txt", terminal.render(table, 160, color=True))


def compile_latex(source: str, folder: Path) -> str:
    """Compile and return the log; skip where pdflatex or a package is not installed."""
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    for package in PACKAGES:
        found = subprocess.run(["kpsewhich", f"{package}.sty"], capture_output=True, check=False)
        if found.returncode:
            pytest.skip(f"TeX has no {package}.sty")
    (folder / "table.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=100, check=False)
    log = done.stdout.decode(errors="replace")
    assert done.returncode == 0, log[-3000:]
    assert "Missing character" not in log
    return log


def test_standalone_latex_compiles(table: Table, tmp_path: Path) -> None:
    log = compile_latex(latex.render(table, standalone=True), tmp_path)
    assert (tmp_path / "table.pdf").stat().st_size > 1000
    assert "Overfull \\hbox" not in log


def test_a_table_beside_a_paper_compiles(beside: Table, tmp_path: Path) -> None:
    source = "".join(latex.render(one) for one in beside.all())
    whole = latex.render(beside, standalone=True).replace(latex.render(beside), source)
    log = compile_latex(whole, tmp_path)
    assert "multiply defined" not in log


def test_the_named_packages_are_enough(table: Table, tmp_path: Path) -> None:
    source = latex.render(table)
    packages = [one for one in PACKAGES if one in source.splitlines()[0]]
    head = f"\\documentclass{{article}}\\usepackage{{{','.join(packages)}}}\\begin{{document}}\n"
    compile_latex(f"{head}{source}\\end{{document}}\n", tmp_path)
