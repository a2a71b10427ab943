"""The records of a manifest, as written: what a table consists of and how its rows differ.

Settings stay plain mappings here, since a layer holds only what differs from the layers below it;
``benchmark.manifest.settings`` gives them their types once all layers are merged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from benchmark.core.problem import Frozen
from benchmark.manifest.printed_schema import Paper

MANIFEST_SCHEMA = 1

Kind = Literal["results", "analysis", "cost"]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
RowKey = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*(/[a-z0-9_]+)*$")]
Names = Annotated[tuple[str, ...], Field(min_length=1)]
Values = dict[str, Any]


class Layer(Frozen):
    """Settings that differ from the layers below; every key may be left out.

    Attributes:
        config: Fields of the model's config class.
        encoders: Name and config by modality; ``*`` holds for those not named.
        losses: Name and config by task; likewise.
        strategy: Training strategy.
        training: Fields of the strategy's config class.
        split: Fields of :class:`benchmark.manifest.settings.SplitSettings`.
        seeds: Seeds of the runs.
        missing: Fields of ``MissingSpec``; null drops nothing.
        threads: CPU threads.
        timeout: Seconds a run may take; null never stops it.
    """

    config: Values = Field(default_factory=dict)
    encoders: dict[str, Values] = Field(default_factory=dict)
    losses: dict[str, Values] = Field(default_factory=dict)
    strategy: str = ""
    training: Values = Field(default_factory=dict)
    split: Values = Field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    missing: Values | None = None
    threads: int = 1
    timeout: float | None = None


class DatasetEntry(Frozen):
    """A dataset of the table.

    Attributes:
        loader: Registry name; None is the entry's own key.
        options: Fields of the loader's config class.
        modalities: Those used, in order; None is all.
        tasks: Those trained, in order; None is all.
        settings: Settings that differ on this dataset.
    """

    loader: str | None = None
    options: Values = Field(default_factory=dict)
    modalities: Names | None = None
    tasks: Names | None = None
    settings: Layer = Layer()


class ColumnEntry(Frozen):
    """Columns of one task.

    Attributes:
        dataset: Key in the table's ``datasets``.
        task: Task of that dataset.
        metrics: Metric ids, in order.
        printed: Key of the paper's column by metric id, where several of its columns have the same
            dataset, task and metric (e.g. one per set of modalities).
    """

    dataset: str
    task: str
    metrics: Names
    printed: dict[str, str] = Field(default_factory=dict)


class RowEntry(Frozen):
    """A row: a method and what it sets.

    Attributes:
        key: Unique in the table.
        label: As shown.
        group: Head over neighbouring rows.
        model: Registry name of a model or control.
        train: ``joint`` trains all tasks of a dataset in one run, ``per_task`` one run per task.
        datasets: Datasets the row has; None is all.
        modalities: Modalities the row reads, by dataset, where they are not the table's.
        settings: Settings of the row.
        by_dataset: Settings of the row on one dataset.
    """

    key: RowKey
    label: str
    group: str = ""
    model: str
    train: Literal["joint", "per_task"] = "joint"
    datasets: Names | None = None
    modalities: dict[str, Names] = Field(default_factory=dict)
    settings: Layer = Layer()
    by_dataset: dict[str, Layer] = Field(default_factory=dict)


class DatasetOverlay(Frozen):
    """What a variant or profile changes on one dataset."""

    options: Values = Field(default_factory=dict)
    settings: Layer = Layer()


class Overlay(Frozen):
    """What a variant or profile changes: everywhere, on datasets, in rows."""

    settings: Layer = Layer()
    datasets: dict[str, DatasetOverlay] = Field(default_factory=dict)
    rows: dict[str, Layer] = Field(default_factory=dict)


@dataclass(frozen=True)
class TableColumn:
    """One column: dataset × task × metric."""

    dataset: str
    task: str
    metric: str

    @property
    def key(self) -> str:
        """Unique id ``dataset/task/metric``."""
        return f"{self.dataset}/{self.task}/{self.metric}"


class Manifest(Frozen):
    """A table: how to produce it.

    Attributes:
        schema_version: Of this record.
        id: ``<paper>/<table>``.
        title: One line.
        kind: What the table holds.
        datasets: By the name the table uses.
        columns: In order.
        settings: Settings every row starts from.
        rows: In order.
        variants: What ``released`` changes; ``described`` is the base.
        profiles: What each scale changes.
        reference: Row that statistics compare with.
        tolerance: Difference that counts as agreement, by metric id or ``default``.
        keep: What runs keep besides their result.
        sources: Where each setting comes from, by path.
    """

    schema_version: Literal[1]
    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+/[a-z0-9_]+$")]
    title: Annotated[str, Field(min_length=1)]
    kind: Kind = "results"
    datasets: Annotated[dict[Name, DatasetEntry], Field(min_length=1)]
    columns: Annotated[tuple[ColumnEntry, ...], Field(min_length=1)]
    settings: Layer = Layer()
    rows: Annotated[tuple[RowEntry, ...], Field(min_length=1)]
    variants: dict[Literal["released"], Overlay] = Field(default_factory=dict)
    profiles: dict[Literal["paper", "demo", "full"], Overlay] = Field(default_factory=dict)
    reference: str | None = None
    tolerance: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    keep: tuple[Literal["predictions", "weights"], ...] = ()
    sources: dict[str, str] = Field(default_factory=dict)

    @property
    def name(self) -> str:
        """The part of the id behind the paper, e.g. ``quickstart``."""
        return self.id.partition("/")[2]

    @property
    def profile_names(self) -> tuple[str, ...]:
        """Scales there are: a paper's tables have two, all others one."""
        return ("paper", "demo") if self.is_of_a_paper else ("full",)

    @property
    def is_of_a_paper(self) -> bool:
        """Whether a paper prints this table; others are suites of our own or of a user."""
        return self.id.partition("/")[0] in get_args(Paper)

    def row(self, key: str) -> RowEntry:
        """Return the row called ``key``; KeyError if there is none."""
        return {row.key: row for row in self.rows}[key]

    def row_datasets(self, row: RowEntry) -> tuple[str, ...]:
        """Return the datasets a row has, in the table's order."""
        return tuple(name for name in self.datasets if row.datasets is None or name in row.datasets)

    def table_columns(self) -> Iterator[TableColumn]:
        """Yield every column in order."""
        for entry in self.columns:
            for metric in entry.metrics:
                yield TableColumn(entry.dataset, entry.task, metric)
