"""Names of the tables this installation knows; read from file names and two keys, not parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from benchmark.core.paths import shipped

_TOP = re.compile(r"^(title|kind)\s*:\s*(.+?)\s*$", re.MULTILINE)
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class KnownTable:
    """A table and what there is of it.

    Attributes:
        id: ``<paper>/<table>``.
        title: As its file says.
        printed: The paper's numbers are shipped.
        manifest: It can be run.
        kind: ``results``, ``analysis`` or ``cost`` of its manifest; empty without one.
    """

    id: str
    title: str
    printed: bool
    manifest: bool
    kind: str


def known_tables() -> list[KnownTable]:
    """Return every table, by paper and number: ``m4oe/table7`` before ``m4oe/table10``."""
    printed, manifests = _files("tables"), _files("manifests")
    ids = sorted({*printed, *manifests}, key=_natural)
    return [_known(one, printed.get(one), manifests.get(one)) for one in ids]


def table_ids() -> list[str]:
    """Return the ids only; looks at file names."""
    return sorted({*_files("tables"), *_files("manifests")}, key=_natural)


def names_a_table(word: str) -> bool:
    """Tell whether ``word`` is an id or bare name: ``table7``, ``Table_7`` and ``t7`` are one."""
    wanted = _plain(word)
    return any(wanted in (_plain(one), _plain(one.partition("/")[2])) for one in table_ids())


def _known(table_id: str, printed: Path | None, manifest: Path | None) -> KnownTable:
    heads = _head(manifest) if manifest else {}
    title = heads.get("title") or (_head(printed).get("title", "") if printed else "")
    return KnownTable(
        id=table_id,
        title=title,
        printed=printed is not None,
        manifest=manifest is not None,
        kind=heads.get("kind", "results") if manifest else "",
    )


def _head(path: Path) -> dict[str, str]:
    """Read title and kind without the time a YAML parser takes over all tables."""
    found = _TOP.findall(path.read_text(encoding="utf-8"))
    return {key: _scalar(text) for key, text in reversed(found)}


def _scalar(text: str) -> str:
    import yaml

    try:
        return str(yaml.safe_load(text))
    except yaml.YAMLError:
        return text


def _files(kind: str) -> dict[str, Path]:
    root = shipped(kind)
    found = {path.relative_to(root).with_suffix("").as_posix(): path for path in _yaml(root)}
    return {table_id: path for table_id, path in found.items() if "rendered" not in table_id}


def _yaml(root: Path) -> list[Path]:
    return [path for path in root.glob("*/*.yaml") if not path.name.startswith((".", "_"))]


def _plain(name: str) -> str:
    paper, slash, table = name.lower().rpartition("/")
    return paper + slash + re.sub(r"^t(?:able)?[_ ]?(?=\d)", "table", table)


def _natural(table_id: str) -> tuple[str, int, str]:
    paper, _, name = table_id.partition("/")
    digits = _DIGITS.search(name)
    return paper, int(digits.group()) if digits else 0, name
