"""The numbers a paper prints, as data: one strict YAML file per table under ``tables/``.

Rows are methods or variants, columns are dataset × task × metric, whatever the paper's own
layout; ``notes`` says where the paper turns its table round. A *cell* is one row-column pair that
the paper prints or leaves blank: a lost or undefined number counts, a ``±`` pair counts once, a
vector counts once, and a printed change against another table belongs to its cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from benchmark.core.problem import Frozen
from benchmark.metrics import METRICS

UNKNOWN = "unknown"
NOT_APPLICABLE = "not_applicable"

Unit = Literal["fraction", "percent", "nats", "seconds", "parameters", "GFLOPs"]
Paper = Literal["m4oe", "amc", "i2moe", "flame", "moe_retriever"]

#: What papers print and no run of a task's metrics computes (yet); by id, with its meaning.
PRINTED_ONLY = {
    "agreement_share": "share of test samples by agreement of experts and rightness",
    "c_index": "concordance of predicted risk and survival time (Harrell)",
    "dice": "overlap of predicted and true segmentation masks",
    "f1_binary": "F1 of the positive class at threshold 0.5",
    "gflops": "arithmetic of one forward pass",
    "hamming_acc": "share of right label decisions over all labels",
    "inference_seconds": "wall time of inference, per batch or pass as the column says",
    "modality_share": "contribution of each modality to the prediction, summing to one",
    "parameters": "number of parameters",
    "parameters_fusion": "number of parameters outside of encoders",
    "pid_synergy": "synergistic information of two modalities about a task",
    "pid_unique": "information about a task that only one modality has",
    "train_seconds": "wall time of training, per batch, step or epoch as the column says",
}

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?[MB]?")
#: Form of row and column keys.
KEY = re.compile(r"[a-z0-9][a-z0-9_]*(?:/[a-z0-9_]+)*")
#: Letters behind printed counts.
SUFFIXES = {"M": 1e6, "B": 1e9}
#: Largest possible value by unit; the smallest is 0.
LIMIT = {"fraction": 1.0, "percent": 100.0}


def number(text: str) -> float:
    """Return the number printed as ``text``; ``3.2B`` is 3.2e9.

    Raises:
        ValueError: ``text`` is not a printed number.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a number as papers print it, e.g. '0.840' or '3.2B'")
    scale = SUFFIXES.get(text[-1], 1.0)
    return float(text.rstrip("MB")) * scale


class PrintedCell(Frozen):
    """One printed cell; every number is text, so that trailing zeros stay.

    In YAML a cell is ``"84.0"``, ``0.840 ± 0.033``, ``["0.537", "0.463"]``, ``null`` (lost or
    undefined), ``not_applicable`` (the paper says there is no such result), or a mapping with one
    of these as ``value`` beside ``delta``, ``flags`` and ``note``.

    Attributes:
        value: Digits of the mean; None where there is no single number.
        spread: Digits behind the ``±``; None without one.
        vector: Digits of each component of a vector cell; empty otherwise.
        delta: Printed change against another table, with its sign; None without one.
        applicable: False for ``not_applicable``.
        flags: Emphasis that survived the transcription.
        note: Doubt about the transcription.
    """

    value: str | None = None
    spread: str | None = None
    vector: tuple[str, ...] = ()
    delta: str | None = None
    applicable: bool = True
    flags: tuple[Literal["bold", "underline"], ...] = ()
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_yaml(cls, given: Any) -> Any:
        if isinstance(given, dict):
            known = {"value", "delta", "flags", "note"}
            if unknown := sorted(set(given) - known):
                raise ValueError(f"unknown key {unknown[0]!r} in a cell, known: {sorted(known)}")
            rest = {key: value for key, value in given.items() if key != "value"}
            if isinstance(flags := rest.get("flags"), list):
                rest["flags"] = tuple(flags)  # a strict model takes no list once we touched it
            return {**_core(given.get("value")), **rest}
        return _core(given)

    @model_validator(mode="after")
    def _numbers(self) -> Self:
        for text in self.texts():
            number(text)
        if self.delta is not None and self.delta[:1] not in ("+", "-"):
            raise ValueError(f"delta {self.delta!r} needs its sign")
        return self

    def texts(self) -> Iterator[str]:
        """Yield every printed number of the cell."""
        yield from self.vector
        yield from (text for text in (self.value, self.spread, self.delta) if text is not None)

    @property
    def is_null(self) -> bool:
        """Whether the number is lost or undefined."""
        return self.applicable and self.value is None and not self.vector

    @property
    def mean(self) -> float | None:
        """The number in the column's unit; None without a single number."""
        return None if self.value is None else number(self.value)

    @property
    def spread_value(self) -> float | None:
        """What stands behind the ``±``, in the column's unit; a std or a variance."""
        return None if self.spread is None else number(self.spread)


def _core(given: Any) -> dict[str, Any]:
    """Take a cell's value apart: null, word, ``a``, ``a ± b`` or a list."""
    if given is None:
        return {}
    if given == NOT_APPLICABLE:
        return {"applicable": False}
    if isinstance(given, list | tuple) and given and all(isinstance(one, str) for one in given):
        return {"vector": tuple(given)}
    if isinstance(given, str):
        value, plus_minus, spread = given.partition(" ± ")
        return {"value": value, "spread": spread if plus_minus else None}
    raise ValueError(
        f"{given!r} must be quoted text, so that the printed digits stay: '84.0', not 84.0"
    )


class Spread(Frozen):
    """What stands behind the ``±`` of a table.

    Attributes:
        kind: ``none`` if the paper prints no spread, ``unknown`` if it does not say what it is.
        ddof: 0 (population) or 1 (sample); None if not known.
        n: Number of values it is taken over; None if not known.
        over: What varies: ``folds``, ``seeds``; empty if not known.
        note: How this is known.
    """

    kind: Literal["std", "variance", "none", "unknown"]
    ddof: Literal[0, 1] | None = None
    n: int | None = Field(default=None, ge=1)
    over: str = ""
    note: str = ""


class PrintedColumn(Frozen):
    """A column: dataset × task × metric.

    Attributes:
        key: Unique id.
        label: Column head.
        group: Head over neighbouring columns.
        dataset: Dataset name; empty where a column has none.
        task: Task name; empty where a column has none.
        metric: Id of the metric a reproduction reports there.
        definition: The same id if the paper or its code fix it, else ``unknown``.
        higher_is_better: Direction; None where it has none.
        unit: Unit of this column; None takes the table's.
        note: What else tells it apart, e.g. the modalities used.
    """

    key: str
    label: str
    group: str = ""
    dataset: str = ""
    task: str = ""
    metric: str
    definition: str
    higher_is_better: bool | None
    unit: Unit | None = None
    note: str = ""

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str) -> str:
        if metric not in METRICS and metric not in PRINTED_ONLY:
            known = ", ".join(sorted({*METRICS, *PRINTED_ONLY}))
            raise ValueError(f"unknown metric {metric!r}, known: {known}")
        return metric

    @model_validator(mode="after")
    def _one_definition(self) -> Self:
        if self.definition not in (self.metric, UNKNOWN):
            raise ValueError(
                f"definition {self.definition!r} is neither the metric {self.metric!r}"
                f" nor {UNKNOWN!r}"
            )
        return self


class PrintedRow(Frozen):
    """A row: a method or variant, its label as printed, and its cells by column key."""

    key: str
    label: str
    group: str = ""
    cells: dict[str, PrintedCell]


class LedgerEntry(Frozen):
    """Something that does not fit, or a doubt about the transcription.

    Attributes:
        id: Unique within the paper; the same entry may stand in several tables.
        where: Names of all tables concerned, this one among them.
        rows: Row keys concerned in this table; empty means the whole table.
        columns: Column keys concerned in this table; empty means all.
        text: What does not fit.
    """

    id: str
    where: tuple[str, ...] = Field(min_length=1)
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    text: str


class PrintedTable(Frozen):
    """One printed table.

    Attributes:
        schema_version: Of this record.
        id: ``<paper>/<table>``.
        paper: Paper id.
        title: One line.
        where: Where the paper prints it.
        unit: Unit of columns that name none.
        spread: What stands behind ``±``.
        stub: Head of the row labels.
        ragged: Whether the paper's table has no place for some row-column pairs.
        notes: Protocol and transcription remarks.
        columns: In order.
        rows: In order.
        ledger: Known inconsistencies.
    """

    schema_version: Literal[1]
    id: str
    paper: Paper
    title: str
    where: str
    unit: Unit
    spread: Spread
    stub: str = "Method"
    ragged: bool = False
    notes: tuple[str, ...] = ()
    columns: tuple[PrintedColumn, ...] = Field(min_length=1)
    rows: tuple[PrintedRow, ...] = Field(min_length=1)
    ledger: tuple[LedgerEntry, ...] = ()

    @property
    def name(self) -> str:
        """The part of the id after the paper, e.g. ``table7``."""
        return self.id.partition("/")[2]

    def column(self, key: str) -> PrintedColumn:
        """Return the column called ``key``; KeyError if there is none."""
        return {one.key: one for one in self.columns}[key]

    def row(self, key: str) -> PrintedRow:
        """Return the row called ``key``; KeyError if there is none."""
        return {one.key: one for one in self.rows}[key]

    def cell(self, row: str, column: str) -> PrintedCell | None:
        """Return a cell; None where the paper has no place for it."""
        return self.row(row).cells.get(self.column(column).key)

    def unit_of(self, column: str) -> Unit:
        """Return the unit of a column."""
        return self.column(column).unit or self.unit

    def cells(self) -> Iterator[tuple[PrintedRow, PrintedColumn, PrintedCell]]:
        """Yield every cell with its row and column, row by row in column order."""
        for row in self.rows:
            for column in self.columns:
                if column.key in row.cells:
                    yield row, column, row.cells[column.key]
