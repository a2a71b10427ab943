"""``mmbench cite``: BibTeX of what a table rests on, and the terms of its data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmark.cli._console import emit, emit_json
from benchmark.core.errors import UnknownNameError
from benchmark.manifest.citations import citations
from benchmark.manifest.tables import all_tables, resolve_table

if TYPE_CHECKING:
    from benchmark.manifest.citations import Source


@dataclass
class _Bibliography:
    """Keys in order of appearance, and remarks on what has none."""

    keys: dict[str, None] = field(default_factory=dict)
    remarks: dict[str, None] = field(default_factory=dict)

    def add(self, kind: str, name: str, source: Source | None) -> None:
        """Add what a model or dataset has to cite."""
        if source is None:
            self.remarks[f"{kind} {name}: nothing is known to cite; ask its author"] = None
            return
        self.keys |= dict.fromkeys(source.cite)
        if source.none:
            self.remarks[f"{kind} {name}: nothing to cite ({source.none})"] = None
        if source.terms:
            self.remarks[f"{kind} {name}: terms: {source.terms}"] = None


def cite(names: Sequence[str], as_json: bool = False) -> None:
    """Print BibTeX entries, each once, and as BibTeX comments what has none and the terms of data.

    Args:
        names: Tables, models or datasets.
        as_json: Print the keys, entries and remarks as JSON instead.

    Raises:
        UnknownNameError: A name is none of these.
        UsageError: Several tables have the name.
    """
    found = _Bibliography()
    for name in names:
        _collect(name, found)
    known = citations()
    if as_json:
        entries = {key: known.bibtex(key) for key in found.keys}
        emit_json({"bibtex": entries, "remarks": list(found.remarks)})
        return
    for remark in found.remarks:
        emit(f"% {remark}")
    for key in found.keys:
        emit(f"\n{known.bibtex(key)}")


def _collect(name: str, found: _Bibliography) -> None:
    from benchmark.datasets import DATASETS
    from benchmark.models import MODELS

    known = citations()
    if name in MODELS:
        found.add("model", name, known.models.get(name))
    elif name in DATASETS:
        found.add("dataset", name, known.datasets.get(name))
    else:
        _collect_table(name, found)


def _collect_table(name: str, found: _Bibliography) -> None:
    try:
        table = resolve_table(name)
    except UnknownNameError as error:
        raise UnknownNameError("table, model or dataset", name, _all_names()) from error
    known = citations()
    paper = table.id.partition("/")[0]
    if paper in known.papers:
        found.keys[paper] = None
    if table.manifest is None:
        found.remarks[f"{table.id} has no manifest: its methods and datasets are not listed"] = None
        return
    from benchmark.manifest.described import loader_of
    from benchmark.manifest.load import load_manifest
    from benchmark.manifest.origins import origins

    manifest = load_manifest(table.manifest)
    used = [origin.row for row in manifest.rows for origin in origins(manifest, row)]
    for model in dict.fromkeys(row.model for row in (*manifest.rows, *used) if row.model):
        found.add("model", model, known.models.get(model))
    for dataset in manifest.datasets:
        loader = loader_of(manifest, dataset)
        found.add("dataset", loader, known.datasets.get(loader))


def _all_names() -> Iterator[str]:
    from benchmark.datasets import DATASETS
    from benchmark.models import MODELS

    yield from (table.id for table in all_tables())
    yield from (*MODELS, *DATASETS)
