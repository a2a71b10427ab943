"""Which tables there are, and which one a name means. Looks at file names and two keys only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.core.paths import shipped

_KEY = re.compile(r"^(id|title|kind):[ \t]+(.*?)[ \t]*(?:[ \t]#.*)?$", re.MULTILINE)
_HEAD = 4096


@dataclass(frozen=True)
class TableEntry:
    """A table and the files it has.

    Attributes:
        id: ``<paper>/<table>``.
        title: As its file says.
        manifest: How to produce it; None if nobody has written that yet.
        printed: The paper's numbers; None for our own tables.
        kind: ``results``, ``analysis`` or ``cost``; a table without a manifest counts as results.
    """

    id: str
    title: str
    manifest: Path | None
    printed: Path | None
    kind: str = "results"


def all_tables(extra: Sequence[Path] = ()) -> list[TableEntry]:
    """Return every table by paper and number, ``m4oe/table7`` before ``m4oe/table10``.

    Args:
        extra: Further folders laid out like ``manifests/``; theirs replace shipped ones of the
            same id.
    """
    manifests: dict[str, Path] = {}
    for folder in (shipped("manifests"), *extra):
        manifests |= _files(folder)
    printed = _files(shipped("tables"))
    names = sorted({*manifests, *printed}, key=_natural)
    return [_entry(name, manifests.get(name), printed.get(name)) for name in names]


def resolve_table(name: str, extra: Sequence[Path] = ()) -> TableEntry:
    """Return the table that ``name`` means.

    Accepted are ids and bare names in any case, ``table7``, ``Table_7`` and ``t7`` alike, and the
    path of a manifest. A bare name means the one results table that has it, or the one table of
    another kind if no results table does.

    Raises:
        UnknownNameError: No table is called so.
        UsageError: Several tables are.
        ManifestError: The path names no readable file.
    """
    if name.endswith((".yaml", ".yml")):
        return _from_file(Path(name).expanduser())
    tables = all_tables(extra)
    wanted = _plain(name)
    fits = [table for table in tables if wanted in (table.id.lower(), _bare(table.id))]
    results = [table for table in fits if table.kind == "results"]
    candidates = results or fits
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        ids = [table.id for table in candidates]
        raise UsageError(f"{name!r} is ambiguous", f"name one of {', '.join(ids)}")
    raise UnknownNameError("table", name, _names_like(name, tables))


def _files(folder: Path) -> dict[str, Path]:
    found = {}
    for path in folder.glob("*/*.yaml"):
        if path.parent.name != "rendered" and not path.name.startswith((".", "_")):
            found[f"{path.parent.name}/{path.stem}"] = path
    return found


def _entry(name: str, manifest: Path | None, printed: Path | None) -> TableEntry:
    own = _head(manifest) if manifest else {}
    title = own.get("title") or (_head(printed).get("title", "") if printed else "")
    return TableEntry(name, title, manifest, printed, own.get("kind", "results"))


def _from_file(path: Path) -> TableEntry:
    from benchmark.manifest.yaml_reader import read_text

    head = _scan(read_text(path))
    name = head.get("id", path.stem)
    printed = shipped("tables") / f"{name}.yaml"
    return TableEntry(
        id=name,
        title=head.get("title", ""),
        manifest=path,
        printed=printed if printed.is_file() else None,
        kind=head.get("kind", "results"),
    )


def _head(path: Path) -> dict[str, str]:
    """Scan the first lines: parsing every table's YAML would make ``list`` slow."""
    with path.open("rb") as file:
        return _scan(file.read(_HEAD).decode("utf-8", errors="replace"))


def _scan(text: str) -> dict[str, str]:
    return {key: _unquoted(value) for key, value in reversed(_KEY.findall(text.replace("\r", "")))}


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        quote = text[0]
        inner = text[1:-1]
        return inner.replace("''", "'") if quote == "'" else inner.replace('\\"', '"')
    return text


def _plain(name: str) -> str:
    """Write ``M4OE/Table_7`` and ``m4oe/t7`` as ``m4oe/table7``."""
    paper, slash, table = name.strip().lower().rpartition("/")
    return paper + slash + re.sub(r"^t(?:able)?[-_ ]?(?=\d)", "table", table)


def _bare(table_id: str) -> str:
    return table_id.partition("/")[2].lower()


def _names_like(name: str, tables: Iterable[TableEntry]) -> list[str]:
    """Suggest ids for an id; for a bare name suggest bare names too."""
    ids = [table.id for table in tables]
    return ids if "/" in name else [*ids, *sorted({_bare(one) for one in ids})]


def _natural(table_id: str) -> tuple[str, int, str]:
    paper, _, name = table_id.partition("/")
    digits = re.search(r"\d+", name)
    return paper, int(digits.group()) if digits else 0, name
