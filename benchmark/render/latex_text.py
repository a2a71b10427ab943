r"""Text that LaTeX shows as it is; compiles under pdflatex with no package."""

from __future__ import annotations

import re
import unicodedata

_NOTHING = "\N{WORD JOINER}"
_SPECIAL = {
    _NOTHING: "{}",
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textasciigrave{}",
}
_SIGNS = {
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "−": r"$-$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≠": r"$\neq$",
    "≈": r"$\approx$",
    "∞": r"$\infty$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "√": r"$\surd$",
    "∑": r"$\sum$",
    "∈": r"$\in$",
    "‖": r"$\Vert$",
    "ℓ": r"$\ell$",
    "†": r"\dag{}",
    "‡": r"\ddag{}",
    "°": r"$^{\circ}$",
    "µ": r"$\mu$",
    "–": "--",
    "—": "---",
    "‑": "-",
    "…": r"\ldots{}",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "«": "``",
    "»": "''",
    "§": r"\S{}",
    "©": r"\copyright{}",
    "ß": r"\ss{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "å": r"\aa{}",
    "Å": r"\AA{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
    "\N{NO-BREAK SPACE}": "~",
    "\N{NARROW NO-BREAK SPACE}": r"\,",
    "\N{THIN SPACE}": r"\,",
}
_GREEK_NAMES = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
    *("omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi"),
    "Omega",
)
_ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": "`",
    "\N{COMBINING ACUTE ACCENT}": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~",
    "\N{COMBINING DIAERESIS}": '"',
    "\N{COMBINING MACRON}": "=",
    "\N{COMBINING CARON}": "v",
    "\N{COMBINING CEDILLA}": "c",
    "\N{COMBINING BREVE}": "u",
    "\N{COMBINING DOUBLE ACUTE ACCENT}": "H",
    "\N{COMBINING RING ABOVE}": "r",
    "\N{COMBINING DOT ABOVE}": ".",
}


def escape(text: str) -> str:
    """Return text as LaTeX source in one line.

    A character LaTeX has no simple source for is written by its name, so that it neither stops
    the compiler nor vanishes.
    """
    # Hyphens side by side would become a dash.
    apart = re.sub("-(?=-)", f"-{_NOTHING}", text)
    return "".join(_one(character) for character in apart)


def _one(character: str) -> str:
    found = _SPECIAL.get(character) or _SIGNS.get(character)
    if found:
        return found
    if character.isascii():
        return character if character.isprintable() else " "
    return _greek(character) or _accented(character) or _raised(character) or _named(character)


def _greek(character: str) -> str:
    name = unicodedata.name(character, "")
    words = name.removeprefix("GREEK ").split(" LETTER ")
    if not name.startswith("GREEK ") or len(words) != 2:
        return ""
    lower = words[1].lower().replace("lamda", "lambda")
    macro = lower if words[0] == "SMALL" else lower.capitalize()
    return rf"$\{macro}$" if macro in _GREEK_NAMES else ""


def _accented(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    if len(parts) != 2 or not parts[0].isascii() or parts[1] not in _ACCENTS:
        return ""
    letter = {"i": r"\i", "j": r"\j"}.get(parts[0], parts[0])
    return rf"\{_ACCENTS[parts[1]]}{{{letter}}}"


def _raised(character: str) -> str:
    """Write digits and letters that stand above or below the line: ``x²``, ``ℓ₂``."""
    kind, _, rest = unicodedata.decomposition(character).partition(" ")
    sign = {"<super>": "^", "<sub>": "_"}.get(kind, "")
    plain = unicodedata.normalize("NFKD", character)
    if not sign or " " in rest or not (plain.isascii() and plain.isalnum()):
        return ""
    return rf"${sign}{{{plain}}}$"


def _named(character: str) -> str:
    return f"[{unicodedata.name(character, f'U+{ord(character):04X}').lower()}]"
