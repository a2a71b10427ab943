"""Which rows of several tables are one method, and which of their cells share a column.

A *block* is one column of a comparison: a dataset × task with the same loader and options (so the
same labels), data, dropped modalities and division into parts. Cells that differ in any of these
are not about the same test rows, and stand in blocks of their own.

A *method* is a row of a table. Rows of two tables are one method if label, model and every setting
of model, encoders, losses and training agree and, on blocks both have, the runs are the same; rows
that share their runs are one whatever each table calls them, by the label most tables use. Two
papers' rows of one name therefore stay apart, each with its table behind its label, unless
``match="label"`` asks for label and model alone; even then rows with other runs on a shared block
stay apart, since only one of them could be shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmark.analysis.statistics.ratio import split_name
from benchmark.core.spec import RunSpec, canonical_json
from benchmark.manifest.expand import Expansion
from benchmark.manifest.plan import Use
from benchmark.manifest.resolve import is_control

Match = Literal["settings", "label"]


@dataclass(frozen=True)
class Block:
    """One column of a comparison.

    Attributes:
        key: Unique among the blocks.
        dataset: As the tables call it.
        task: Likewise.
        label: ``dataset: task``, with the tables behind it where several blocks share that.
        source: ``real``, ``partial`` or ``synthetic``.
        facets: What a cell must share to belong here, by name, as text.
        tables: Ids of the tables that have it.
    """

    key: str
    dataset: str
    task: str
    label: str
    source: str
    facets: Mapping[str, str]
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Method:
    """One row of a comparison.

    Attributes:
        key: ``<table>:<row>`` of its first row.
        label: The rows' label, with the group or table behind it where several methods share it.
        model: Registry name.
        control: Whether it is fitted on plain features, outside the training loop.
        uses: The rows it stands for.
        cells: Fingerprints of its runs by block key, in the order of folds and seeds.
        mixed: Whether its rows' settings differ, as ``match="label"`` allows.
    """

    key: str
    label: str
    model: str
    control: bool
    uses: tuple[Use, ...]
    cells: Mapping[str, tuple[str, ...]]
    mixed: bool = False


@dataclass(frozen=True)
class Field:
    """Everything that may be compared.

    Attributes:
        methods: In the order of tables and rows.
        blocks: In the order of tables and columns.
        runs: Every run by fingerprint.
    """

    methods: tuple[Method, ...]
    blocks: tuple[Block, ...]
    runs: Mapping[str, RunSpec]


def collect(expansions: Sequence[Expansion], match: Match = "settings") -> Field:
    """Return methods and blocks of tables.

    Args:
        expansions: One per table.
        match: When rows of two tables are one method; see the module.
    """
    runs = {run.spec.fingerprint: run.spec for one in expansions for run in one.runs}
    blocks: dict[str, _Block] = {}
    drafts: list[_Draft] = []
    for expansion in expansions:
        for row in _rows(expansion, runs, blocks):
            _join(drafts, row, match)
    return Field(tuple(_methods(drafts)), tuple(_blocks(blocks.values())), runs)


@dataclass
class _Block:
    key: str
    dataset: str
    task: str
    source: str
    facets: dict[str, str]
    tables: dict[str, None] = field(default_factory=dict)


@dataclass
class _Draft:
    """A row, or rows that turned out to be one method."""

    titles: list[tuple[str, str]]
    model: str
    train: str  # one run for all tasks or one each; the same to a control
    control: bool
    settings: frozenset[str]
    uses: list[Use]
    cells: dict[str, tuple[str, ...]]
    mixed: bool = False

    @property
    def label(self) -> str:
        """The label that most of its rows have, of equals the first."""
        return Counter(label for label, _ in self.titles).most_common(1)[0][0]

    @property
    def group(self) -> str:
        """The group over most rows of that label."""
        groups = [group for label, group in self.titles if label == self.label]
        return Counter(groups).most_common(1)[0][0]


def _rows(
    expansion: Expansion, runs: Mapping[str, RunSpec], blocks: dict[str, _Block]
) -> Iterator[_Draft]:
    sources = {run.spec.fingerprint: run.sources for run in expansion.runs}
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    # Rows that look at others are no methods, and what they give is no score of one.
    trained = {entry.key for entry in expansion.manifest.rows if entry.kind == "train"}
    for (row, _), cell in expansion.cells.items():
        if row not in trained:
            continue
        dataset, task = cell[0].dataset, cell[0].task
        names = tuple(run.fingerprint for run in cell)
        facets = _facets(dataset, [runs[name] for name in names])
        key = canonical_json([dataset, task, facets])
        source = sources[names[0]].get(dataset, "")
        block = blocks.setdefault(key, _Block(key, dataset, task, source, facets))
        block.tables[expansion.manifest.id] = None
        found.setdefault(row, {})[key] = names
    for entry in expansion.manifest.rows:
        if entry.key in found:
            cells = found[entry.key]
            # The runs of a cell differ in split and seed only.
            firsts = [runs[names[0]] for names in cells.values()]
            settings = frozenset(canonical_json(_settings(spec)) for spec in firsts)
            use = Use(table=expansion.manifest.id, row=entry.key)
            title, control = (entry.label, entry.group), is_control(entry)
            train = "" if control else entry.train
            yield _Draft([title], entry.model, train, control, settings, [use], cells)


def _facets(dataset: str, specs: Sequence[RunSpec]) -> dict[str, str]:
    """Return what makes the numbers of a cell comparable with another's."""
    part = next(one for one in specs[0].components if one.dataset == dataset)
    missing = specs[0].missing
    return {
        "loader": canonical_json(part.loader.model_dump(mode="json")),
        "data": part.data,
        "dropped modalities": canonical_json(missing.model_dump(mode="json") if missing else {}),
        "division": canonical_json(sorted({split_name(spec.split) for spec in specs})),
    }


def _settings(spec: RunSpec) -> Any:
    """Return what is the method's own in a run: neither data, division nor seed."""
    plain = spec.model_dump(mode="json")
    encoders = sorted({canonical_json(one) for one in plain["encoders"].values()})
    losses = sorted({canonical_json(one) for one in plain["losses"].values()})
    return [plain["model"], plain["strategy"], encoders, losses]


def _join(drafts: list[_Draft], row: _Draft, match: Match) -> None:
    """Add a row to the method of another table that it is, or as a method of its own."""
    for draft in drafts:
        if _is_one(draft, row, match):
            draft.mixed |= draft.settings != row.settings
            draft.titles += row.titles
            draft.uses += row.uses
            draft.settings |= row.settings
            draft.cells |= row.cells
            return
    drafts.append(row)


def _is_one(draft: _Draft, row: _Draft, match: Match) -> bool:
    if (draft.model, draft.train) != (row.model, row.train):
        return False
    if any(use.table == row.uses[0].table for use in draft.uses):
        return False
    shared = draft.cells.keys() & row.cells.keys()
    if any(set(draft.cells[key]) != set(row.cells[key]) for key in shared):
        return False
    if not shared and draft.label != row.label:
        return False
    # With runs in common, one may have further datasets with settings of their own.
    nested = draft.settings <= row.settings or draft.settings >= row.settings
    equal = nested if shared else draft.settings == row.settings
    return equal or match == "label"


def _methods(drafts: Sequence[_Draft]) -> Iterator[Method]:
    labels = [draft.label for draft in drafts]
    with_group = [f"{one.label} ({one.group})" if one.group else one.label for one in drafts]
    with_table = [f"{one.label} ({', '.join(_tables(one))})" for one in drafts]
    with_row = [f"{one.label} ({', '.join(map(_name, one.uses))})" for one in drafts]
    for draft, label in zip(drafts, unique(labels, with_group, with_table, with_row), strict=True):
        yield Method(
            key=_name(draft.uses[0]),
            label=label,
            model=draft.model,
            control=draft.control,
            uses=tuple(draft.uses),
            cells=draft.cells,
            mixed=draft.mixed,
        )


def _tables(draft: _Draft) -> list[str]:
    return [use.table for use in draft.uses]


def _name(use: Use) -> str:
    return f"{use.table}:{use.row}"


def _blocks(found: Iterable[_Block]) -> Iterator[Block]:
    blocks = list(found)
    plain = [f"{one.dataset}: {one.task}" for one in blocks]
    with_table = [
        f"{label} ({', '.join(one.tables)})" for label, one in zip(plain, blocks, strict=True)
    ]
    numbered = [f"{label} ({number})" for number, label in enumerate(plain, start=1)]
    for one, label in zip(blocks, unique(plain, with_table, numbered), strict=True):
        yield Block(
            one.key, one.dataset, one.task, label, one.source, one.facets, tuple(one.tables)
        )


def unique(*candidates: Sequence[str]) -> list[str]:
    """Choose for each thing the first of its candidate labels that no other thing has.

    Args:
        candidates: Labels of all things, shortest first; the last ones are all different.
    """
    counts = [Counter(labels) for labels in candidates]
    return [
        next(
            (label for label, count in zip(one, counts, strict=True) if count[label] == 1), one[-1]
        )
        for one in zip(*candidates, strict=True)
    ]
