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
from benchmark.core.result import USUAL, Pick
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


class PickEntry(Frozen):
    """Which of a run's values of a metric cells show; what is left out is the usual one.

    Attributes:
        stage: ``final``, or a stage of a strategy that has several.
        scenario: ``clean``, or a scenario.
        subgroup: ``all``, or a named subset of the rows.
        head: ``main``, or a part's own prediction, e.g. ``expert:synergy``.
    """

    stage: str | None = None
    scenario: str | None = None
    subgroup: str | None = None
    head: str | None = None

    def on(self, pick: Pick) -> Pick:
        """Return ``pick`` with what is written here on top."""
        return pick._replace(**self.model_dump(exclude_none=True))


class ColumnEntry(Frozen):
    """Columns of one task.

    Attributes:
        dataset: Key in the table's ``datasets``.
        task: Task of that dataset; empty for quantities that are about none, such as costs.
        metrics: Ids of metrics or quantities, in order.
        pick: Which of a run's values of them is shown.
        labels: Column head by metric id, where it is not the metric's own.
        printed: Key of the paper's column by metric id, where several of its columns have the same
            dataset, task and metric (e.g. one per set of modalities).
    """

    dataset: str
    task: str = ""
    metrics: Names
    pick: PickEntry = PickEntry()
    labels: dict[str, str] = Field(default_factory=dict)
    printed: dict[str, str] = Field(default_factory=dict)


class RowEntry(Frozen):
    """A row: a method and what it sets, or what is done with another row's trained models.

    Attributes:
        key: Unique in the table.
        label: As shown.
        group: Head over neighbouring rows.
        kind: ``train``; ``evaluate`` looks at the trained models of other rows; ``measure`` tells
            what a row costs.
        model: Registry name of a model or control; left out where ``of`` names a row.
        of: Rows that are evaluated or measured: keys of this table, or ``paper/table#row`` of
            another, whose runs are then shared. An analysis sees the models of all of them.
        analysis: Name and settings of what is done; an ``evaluate`` row without one scores.
        scenario: Name and settings of what an ``evaluate`` row does to the data first.
        pick: Which of the runs' values the row shows.
        train: ``joint`` trains all tasks of a dataset in one run, ``per_task`` one run per task.
        datasets: Datasets the row has; None is all.
        modalities: Modalities the row reads, by dataset, where they are not the table's.
        tasks: Tasks the row trains, by dataset, likewise.
        settings: Settings of the row.
        by_dataset: Settings of the row on one dataset.
    """

    key: RowKey
    label: str
    group: str = ""
    kind: Literal["train", "evaluate", "measure"] = "train"
    model: str = ""
    of: str | Names = ()
    analysis: Values = Field(default_factory=dict)
    scenario: Values = Field(default_factory=dict)
    pick: PickEntry = PickEntry()
    train: Literal["joint", "per_task"] = "joint"
    datasets: Names | None = None
    modalities: dict[str, Names] = Field(default_factory=dict)
    tasks: dict[str, Names] = Field(default_factory=dict)
    settings: Layer = Layer()
    by_dataset: dict[str, Layer] = Field(default_factory=dict)

    @property
    def origins(self) -> tuple[str, ...]:
        """Rows that ``of`` names."""
        return (self.of,) if isinstance(self.of, str) else self.of

    @property
    def trains(self) -> bool:
        """Whether the row has settings of its own, for training or to be measured."""
        return not self.origins and self.kind != "evaluate"


class FigureEntry(Frozen):
    """A figure of the table's own, besides those that every table has.

    Attributes:
        name: Registry name (``benchmark.render.figures.FIGURES``).
        row: Row of kind ``evaluate`` whose findings are drawn.
        datasets: Those drawn, a figure each; None is all that the row has.
        settings: Fields of the figure's config class.
    """

    name: str
    row: RowKey
    datasets: Names | None = None
    settings: Values = Field(default_factory=dict)


class DatasetOverlay(Frozen):
    """What a variant or profile changes on one dataset.

    Attributes:
        options: Fields of the loader's config class.
        tasks: Tasks trained instead of the table's; None keeps those.
        settings: Settings that differ on this dataset.
    """

    options: Values = Field(default_factory=dict)
    tasks: Names | None = None
    settings: Layer = Layer()


class RowOverlay(Layer):
    """What a variant or profile changes in one row.

    Attributes:
        by_dataset: Settings of the row on one dataset, above those on all.
    """

    by_dataset: dict[str, Layer] = Field(default_factory=dict)


class Overlay(Frozen):
    """What a variant or profile changes: everywhere, on datasets, in rows."""

    settings: Layer = Layer()
    datasets: dict[str, DatasetOverlay] = Field(default_factory=dict)
    rows: dict[str, RowOverlay] = Field(default_factory=dict)


@dataclass(frozen=True)
class TableColumn:
    """One column: dataset × task × metric, and which value of it.

    Attributes:
        dataset: Key in the table's ``datasets``.
        task: Task; empty for quantities that are about none.
        metric: Id of a metric or quantity.
        pick: Which of a run's values.
        label: Head of the column; empty takes the metric's own.
    """

    dataset: str
    task: str
    metric: str
    pick: Pick = USUAL
    label: str = ""

    @property
    def key(self) -> str:
        """Unique id ``dataset/task/metric``, and behind it which value, if not the usual one."""
        parts = self.pick._asdict().items()
        picked = [f"{name}={one}" for name, one in parts if one != getattr(USUAL, name)]
        return "@".join([f"{self.dataset}/{self.task}/{self.metric}", *picked])


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
        unranked: Why no row is marked as the best; empty where rows are compared.
        keep: What runs keep besides their result.
        figures: Figures of its own.
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
    unranked: str = ""
    keep: tuple[Literal["predictions", "weights"], ...] = ()
    figures: tuple[FigureEntry, ...] = ()
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
                pick, label = entry.pick.on(USUAL), entry.labels.get(metric, "")
                yield TableColumn(entry.dataset, entry.task, metric, pick, label)
