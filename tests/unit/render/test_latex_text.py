"""Text that stops neither the compiler nor loses a character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.render.latex_text import escape


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("50 % of R&D_costs #1", r"50 \% of R\&D\_costs \#1"),
        ("{x} $5 ~ 10^2", r"\{x\} \$5 \textasciitilde{} 10\textasciicircum{}2"),
        ("a\\b", r"a\textbackslash{}b"),
        ("<a|b>", r"\textless{}a\textbar{}b\textgreater{}"),
        ("0.9 ± 0.1 – ≥", r"0.9 $\pm$ 0.1 -- $\geq$"),
        ("αβ Δλ", r"$\alpha$$\beta$ $\Delta$$\lambda$"),
        ("I²MoE, ℓ₂, xⁿ", r"I$^{2}$MoE, $\ell$$_{2}$, x$^{n}$"),
        ("é ñ ü ç ï", r"\'{e} \~{n} \"{u} \c{c} \"{\i}"),
        ("--set, a---b", r"-{}-set, a-{}-{}-b"),
        ("«a» “b”", "``a'' ``b''"),
        ("a\nb", "a b"),
    ],
)
def test_what_is_written(text: str, source: str) -> None:
    assert escape(text) == source


def test_what_latex_does_not_know_is_named() -> None:
    assert escape("漢") == "[cjk unified ideograph-6f22]"


@given(st.text())
def test_the_source_is_ascii_in_one_line(text: str) -> None:
    source = escape(text)
    assert source.isascii()
    assert source.isprintable()


@given(st.text(alphabet=st.characters(exclude_characters=" ", categories=["L", "N", "P", "S"])))
def test_no_character_vanishes(text: str) -> None:
    assert all(escape(one) for one in text)


@given(st.text())
def test_braces_and_formulas_are_closed(text: str) -> None:
    source = escape(text)
    for shielded in (r"\{", r"\}", r"\$"):
        source = source.replace(shielded, "")
    assert source.count("{") == source.count("}")
    assert source.count("$") % 2 == 0
    assert "%" not in source.replace(r"\%", "")
