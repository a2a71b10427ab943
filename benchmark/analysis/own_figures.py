"""Figures that a table asks for by name: which stored evaluations go into which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from benchmark.analysis.values import SHOWN_PART
from benchmark.core.problem import Task
from benchmark.manifest.described import describe
from benchmark.manifest.expand import Expansion
from benchmark.manifest.plan import PlannedRun, Use
from benchmark.manifest.schema import FigureEntry
from benchmark.render.figures import FIGURES
from benchmark.render.figures.seen import Seen
from benchmark.render.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

Named = Iterator[tuple[str, "Figure"]]


class OwnFigures:
    """Draws what the manifest of a table asks for.

    Args:
        expansion: Rows and their runs.
        table: The measured table, whose warnings figures carry.
        view: Of ``benchmark.store.view.load_view``.
        samples: Of ``RunStore.read_samples``.
        plain: Of ``RunStore.plain``.
    """

    def __init__(
        self,
        expansion: Expansion,
        table: Table,
        view: DataFrame,
        samples: Callable[[str], DataFrame | None],
        plain: Callable[[str], dict[str, Any] | None],
    ) -> None:
        self.expansion, self.table, self.view = expansion, table, view
        self.samples, self.plain = samples, plain
        self.missing: list[str] = []

    def draw(self) -> Named:
        """Yield names and figures; what could not be drawn is noted in ``missing``."""
        for entry in self.expansion.manifest.figures:
            for dataset in self.datasets(entry):
                drawn = list(self.of_dataset(entry, dataset))
                if not drawn:
                    self.missing.append(f"{entry.name} of {entry.row} on {dataset}")
                yield from drawn

    def datasets(self, entry: FigureEntry) -> tuple[str, ...]:
        """Return the datasets that a figure is drawn for, one each."""
        manifest = self.expansion.manifest
        return entry.datasets or manifest.row_datasets(manifest.row(entry.row))

    def of_dataset(self, entry: FigureEntry, dataset: str) -> Named:
        """Yield a figure per task that the row's evaluations found something on."""
        config = FIGURES.config(entry.name).parse(entry.settings)
        draw = FIGURES.load(entry.name)
        for seen in self.seen(entry, dataset):
            stem = "-".join(
                [self.table.id.replace("/", "-"), entry.name, entry.row.replace("/", "-")]
            )
            for figure in draw(seen, config):
                yield f"{stem}-{dataset}-{seen.task.name}", figure

    def seen(self, entry: FigureEntry, dataset: str) -> Iterator[Seen]:
        """Join what the runs of a row kept, task by task."""
        import pandas as pd

        frames = []
        runs = self.runs(entry.row, dataset)
        for number, run in enumerate(runs):
            frame = self.samples(run.spec.fingerprint)
            if frame is not None:
                frames.append(frame.assign(run=number))
        if not frames:
            return
        samples = pd.concat(frames, ignore_index=True)
        names = [run.spec.fingerprint for run in runs]
        rows = self.view[self.view["fingerprint"].isin(names) & (self.view["part"] == SHOWN_PART)]
        label = self.expansion.manifest.row(entry.row).label
        for task in self.tasks(dataset):
            mine = samples[samples["task"] == task.name]
            if len(mine):
                yield Seen(
                    title=f"{self.table.id}: {label}",
                    dataset=dataset,
                    task=task,
                    samples=mine.dropna(axis=1, how="all").reset_index(drop=True),
                    metrics=rows,
                    footer=self.footer(),
                    credentialed=self.is_credentialed(runs, dataset),
                )

    def runs(self, row: str, dataset: str) -> list[PlannedRun]:
        """Return a row's evaluations on a dataset."""
        use = Use(table=self.expansion.manifest.id, row=row)
        return [
            run
            for run in self.expansion.runs
            if use in run.uses
            and run.spec.kind == "evaluate"
            and run.spec.components[0].dataset == dataset
        ]

    def tasks(self, dataset: str) -> tuple[Task, ...]:
        """Return the tasks of a dataset."""
        one = self.expansion
        component = describe(one.manifest, dataset, one.variant, one.profile)
        return component.tasks if component else ()

    def footer(self) -> tuple[str, ...]:
        """Return the conditions that every figure of the table carries."""
        expansion = self.expansion
        return (
            *self.table.warnings,
            f"Variant {expansion.variant}, profile {expansion.profile}.",
        )

    def is_credentialed(self, runs: list[PlannedRun], dataset: str) -> bool:
        """Tell whether single samples of a dataset must not be shown."""
        for run in runs:
            result = self.plain(run.spec.fingerprint)
            release = (result or {}).get("releases", {}).get(dataset, {})
            if release.get("credentialed"):
                return True
        return False
