"""One table object; every output format renders this and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Mark = Literal["best", "second", ""]


@dataclass(frozen=True)
class Measured:
    """A number we computed: an aggregate over folds, splits or seeds.

    Attributes:
        mean: Mean over the runs that gave a value; None if none did.
        std: Standard deviation with ddof 1; None with fewer than two values.
        n: Runs with a value.
        planned: Runs the cell should have.
        digits: Decimals to print.
        mark: Best or second in its column among complete cells.
        reason: Why there is no value, or what to know about it; printed as a footnote.
        units: Values ``std`` is taken over: folds, or seeds of one split.
        undefined: Runs that ended well but for which the metric does not exist.
        low: Lower end of a 95 % interval over test samples; None without one.
        high: Upper end.
    """

    mean: float | None
    std: float | None
    n: int
    planned: int
    digits: int = 3
    mark: Mark = ""
    reason: str = ""
    units: int = 0
    undefined: int = 0
    low: float | None = None
    high: float | None = None

    @property
    def complete(self) -> bool:
        """Whether every planned run gave a value."""
        return self.n == self.planned


@dataclass(frozen=True)
class Printed:
    """A number a paper prints; never averaged or compared by accident with a measured one.

    Attributes:
        mean: Value in the table's unit; None where the cell is unreadable or lost.
        spread: As printed, or None.
        mean_text: Digits exactly as printed (trailing zeros kept); empty for None.
        spread_text: Likewise.
        vector: Components of a printed vector cell; empty otherwise.
        flags: Emphasis that survived: ``bold``, ``underline``.
        note: Remark of the transcription.
    """

    mean: float | None
    spread: float | None = None
    mean_text: str = ""
    spread_text: str = ""
    vector: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Text:
    """A cell that is words."""

    text: str


VerdictWord = Literal["agrees", "differs", "inconclusive", "not comparable"]
#: How an interval was made; empty without one.
Method = Literal["welch", "prediction", "rounding", ""]


@dataclass(frozen=True)
class Difference:
    """A measured number minus a printed one, in the unit of the paper.

    Attributes:
        value: The difference.
        low: Lower end of its 95 % interval; None without one.
        high: Upper end.
        method: How the interval was made.
        unit: Unit of all three.
        digits: Decimals to print.
    """

    value: float
    low: float | None = None
    high: float | None = None
    method: Method = ""
    unit: str = ""
    digits: int = 3


@dataclass(frozen=True)
class Verdict:
    """How a measured number stands against a printed one.

    Attributes:
        word: The verdict.
        reason: Why there is no comparison, or no interval; empty otherwise.
    """

    word: VerdictWord
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.word} ({self.reason})" if self.reason else self.word


Cell = Measured | Printed | Text | Difference | Verdict


@dataclass(frozen=True)
class Column:
    """A column head.

    Attributes:
        key: Unique id.
        label: Metric or column name.
        group: Head that spans neighbouring columns with the same group, e.g. ``WDBC: diagnosis``.
        higher_is_better: Direction; None where it has none (no best is marked).
        source: ``real``, ``partial`` or ``synthetic`` data; empty for printed numbers.
    """

    key: str
    label: str
    group: str = ""
    higher_is_better: bool | None = None
    source: str = ""


@dataclass(frozen=True)
class Row:
    """A row.

    Attributes:
        key: Unique id within its table.
        label: What is printed.
        group: Block of rows it belongs to, e.g. ``Controls``; blocks keep their order.
        cells: By column key; a missing key prints as a dash.
    """

    key: str
    label: str
    cells: dict[str, Cell]
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A finished table.

    Attributes:
        id: ``<paper>/<table>``.
        title: One line.
        columns: In order.
        rows: In order.
        caption: Sentences for every format: what the spread is (std, ddof, n over what), source
            and profile of the data, how best is marked.
        notes: Footnotes, one line each.
        stub: Head of the row-label column.
        warnings: What forbids a comparison with other numbers, e.g. synthetic data; every format
            says it in caption and footer.
        facts: The same conditions for programs: ``variant``, ``profile``, ``part``, ``std_over``.
        further: Tables that go with it, by what they say: ``against_paper``; every format shows
            them behind it.
    """

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    stub: str = "Method"
    warnings: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    further: dict[str, Table] = field(default_factory=dict)

    def all(self) -> tuple[Table, ...]:
        """Return the table and those that go with it."""
        return (self, *(one for further in self.further.values() for one in further.all()))
