"""The runs of a row that is trained: its groups of tasks × folds × seeds on one dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets import DATASETS
from benchmark.manifest.availability import Available
from benchmark.manifest.described import used_part
from benchmark.manifest.overrides import Overrides
from benchmark.manifest.plan import PlannedRun, Use
from benchmark.manifest.resolve import settings_tree
from benchmark.manifest.schema import Manifest, RowEntry
from benchmark.manifest.selection import Request, numbers
from benchmark.manifest.settings import Resolved
from benchmark.manifest.weights import weights_of


@dataclass(frozen=True)
class Group:
    """Tasks that are trained together, and the runs that do so.

    Attributes:
        tasks: In the table's order.
        runs: One per fold and seed.
    """

    tasks: tuple[str, ...]
    runs: tuple[PlannedRun, ...]


class RowRuns:
    """Makes the runs of a table's rows.

    Args:
        manifest: The table.
        request: What is asked for.
        profile: Scale.
        overrides: Applied to every row.
    """

    def __init__(
        self, manifest: Manifest, request: Request, profile: str, overrides: Overrides
    ) -> None:
        self.manifest, self.request, self.profile = manifest, request, profile
        self.overrides = overrides
        self.folds = numbers(request.folds, "--folds")
        self.seeds = numbers(request.seeds, "--seeds")

    def groups(
        self, row: RowEntry, data: Available, wanted: Callable[[str], bool]
    ) -> Iterator[Group]:
        """Yield the groups of tasks of which one is wanted, with their runs."""
        settings, data = self.resolve(row, data)
        for tasks in self._groups(row, data):
            if any(wanted(task) for task in tasks):
                runs = tuple(self._runs(row, data, settings, tasks))
                yield Group(tuple(tasks), runs)

    def first(self, row: RowEntry, data: Available) -> PlannedRun:
        """Return the run of the first group, fold and seed, whatever was asked for."""
        settings, data = self.resolve(row, data)
        run = self._any(row, data, settings, self._groups(row, data)[0])
        split = self._splits(data, settings)[0]
        update = {"split": split, "seed": settings.frame.seeds[0]}
        return run.model_copy(update={"spec": run.spec.model_copy(update=update)})

    def without_data(self, row: RowEntry, data: Available) -> RunSpec:
        """Return what the first group's model is made of; no release needs to be there."""
        settings, data = self.resolve(row, data)
        return self._any(row, data, settings, self._groups(row, data)[0]).spec

    def resolve(self, row: RowEntry, data: Available) -> tuple[Resolved, Available]:
        """Return a row's settings on a dataset, and the dataset as the row reads it."""
        entry = self.manifest.datasets[data.dataset]
        data = replace(data, used=used_part(data.described, data.dataset, entry, row))
        merged = settings_tree(self.manifest, row, data.dataset, self.request.variant, self.profile)
        return self.overrides.apply(merged, row, data.described, data.used), data

    def _groups(self, row: RowEntry, data: Available) -> list[list[str]]:
        names = [task.name for task in data.used.tasks]
        return [names] if row.train == "joint" else [[name] for name in names]

    def _any(
        self, row: RowEntry, data: Available, settings: Resolved, tasks: list[str]
    ) -> PlannedRun:
        of_tasks = f" {tasks[0]}" if row.train == "per_task" else ""
        return PlannedRun(
            spec=_first_spec(data, settings, tasks),
            label=f"{self.manifest.name} {row.key} {data.dataset}{of_tasks}",
            uses=(Use(table=self.manifest.id, row=row.key),),
            sources={data.dataset: data.release.source},
            timeout=settings.frame.timeout,
            keep_weights="weights" in self.manifest.keep,
        )

    def _runs(
        self, row: RowEntry, data: Available, settings: Resolved, tasks: list[str]
    ) -> Iterator[PlannedRun]:
        """Yield one run per fold and seed.

        Raises:
            WeightsMissing: Pretrained weights that the row asks for are not here.
        """
        first = self._any(row, data, settings, tasks)
        weights = weights_of(settings.encoders, self.request.context.paths)
        for split in self._splits(data, settings):
            if self.folds is not None and split.fold not in self.folds:
                continue
            for seed in settings.frame.seeds:
                if self.seeds is None or seed in self.seeds:
                    # Not validated again: split and seed come from validated records.
                    own = {"split": split, "seed": seed, "weights": weights}
                    spec = first.spec.model_copy(update=own)
                    name = f"{first.label} {place(spec)}"
                    yield first.model_copy(update={"spec": spec, "label": name})

    def _splits(self, data: Available, settings: Resolved) -> tuple[SplitSpec, ...]:
        """Return the splits of a row on a dataset; files are named by what is in them."""
        frame = settings.frame.split
        if frame.files is None:
            return frame.specs()
        loader = DATASETS.load(data.loader.name)
        config = DATASETS.config(data.loader.name).parse(data.loader.config)
        context = replace(self.request.context, source=data.release.source)
        return frame.specs(loader.split_digests(config, context, frame.files))


def place(spec: RunSpec) -> str:
    """Return ``fold 2 seed 0`` for people."""
    part = "split" if spec.split.kind == "ratio" else "fold"
    return f"{part} {spec.split.fold} seed {spec.seed}"


def _first_spec(data: Available, settings: Resolved, tasks: list[str]) -> RunSpec:
    component = ComponentSpec(
        dataset=data.dataset,
        loader=data.loader,
        modalities=tuple(modality.name for modality in data.used.modalities),
        tasks=tuple(tasks),
        data=data.release.fingerprint,
    )
    return RunSpec(
        components=(component,),
        model=settings.model,
        encoders=settings.encoders,
        losses={task: ref for task, ref in settings.losses.items() if task in tasks},
        strategy=_of_tasks(settings.strategy, tasks),
        split=SplitSpec(),
        missing=settings.frame.missing,
        threads=settings.frame.threads,
    )


def _of_tasks(strategy: Ref, tasks: list[str]) -> Ref:
    """Leave out what a strategy says of tasks that a run does not train."""
    config = dict(strategy.config)
    if "task_weights" in config:
        config["task_weights"] = {
            name: weight for name, weight in config["task_weights"].items() if name in tasks
        }
    selection = config.get("selection")
    if selection and selection["task"] not in (None, *tasks):
        config["selection"] = {**selection, "task": None}
    return strategy.model_copy(update={"config": config})
