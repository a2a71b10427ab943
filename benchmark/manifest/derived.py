"""Runs of rows that look at other rows: evaluations of trained models, and measurements of cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from benchmark.core.errors import DataNotAvailable, UsageError
from benchmark.core.registry import Registry
from benchmark.core.spec import Ref, RunSpec, SplitSpec
from benchmark.manifest.availability import Available, Unavailable, look, without_release
from benchmark.manifest.origins import Origin, origins
from benchmark.manifest.overrides import Overrides
from benchmark.manifest.plan import PlannedRun, Use
from benchmark.manifest.row_runs import Group, RowRuns, place
from benchmark.manifest.schema import Manifest, RowEntry
from benchmark.manifest.selection import Request
from benchmark.manifest.settings import dump
from benchmark.measures import ANALYSES, SCENARIOS

#: What a ``measure`` row does unless it says otherwise.
COST = "cost"
COUNT = "parameters"


def ref_of(registry: Registry, given: Mapping[str, Any]) -> Ref | None:
    """Return an analysis or scenario with its settings; None where a row names none."""
    if not given:
        return None
    values = {key: value for key, value in given.items() if key != "name"}
    name = str(given["name"])
    return registry.ref(name, dump(registry.config(name).parse(values)))


def scenario_label(given: Mapping[str, Any]) -> str:
    """Return what metric rows under a scenario are called; ``clean`` without one."""
    ref = ref_of(SCENARIOS, given)
    if ref is None:
        return "clean"
    label: str = SCENARIOS.config(ref.name).parse(ref.config).label
    return label


class Derived:
    """Makes the runs of a table's rows that look at others.

    Args:
        manifest: The table.
        request: What is asked for.
        profile: Scale.
        overrides: Applied to every row, and so to those that are looked at.

    Attributes:
        own: Makes the runs of the table's own rows.
    """

    def __init__(
        self, manifest: Manifest, request: Request, profile: str, overrides: Overrides
    ) -> None:
        self.manifest, self.request, self.profile = manifest, request, profile
        self.overrides = overrides
        self.own = RowRuns(manifest, request, profile, overrides)
        self._seen: dict[tuple[str, str], Available] = {}

    def evaluated(
        self, row: RowEntry, data: Available, wanted: Callable[[str], bool]
    ) -> Iterator[tuple[Group, tuple[PlannedRun, ...]]]:
        """Yield the evaluations of each group of tasks, and the runs that they wait for.

        Raises:
            UsageError: A row that is looked at has no run on the same rows for the same tasks.
        """
        first, *others = origins(self.manifest, row)
        beside = [list(self._groups(one, data.dataset, lambda _: True)) for one in others]
        for group in self._groups(first, data.dataset, wanted):
            children: list[PlannedRun] = []
            parents: list[PlannedRun] = []
            for run in group.runs:
                family = [run, *(_beside(run, groups, row.key) for groups in beside)]
                parents += [one.model_copy(update={"keep_weights": True}) for one in family]
                children.append(self._child(row, family))
            yield replace(group, runs=tuple(children)), tuple(parents)

    def timed(self, row: RowEntry, data: Available) -> PlannedRun:
        """Return the run that times a row's model on the first fold and seed."""
        origin = self._origin(row)
        runs, there = self._runs(origin), self._data(origin, data.dataset)
        base = runs.first(origin.row, there)
        analysis = ref_of(ANALYSES, {"name": COST, **row.analysis})
        update = {"kind": "measure", "analysis": analysis, "device": self.request.device}
        spec = base.spec.model_copy(update=update)
        return self._measured(row, data.dataset, spec, base.sources, base.timeout)

    def counted(self, row: RowEntry, dataset: str) -> PlannedRun:
        """Return the run that counts a row's parameters at the scale of the paper.

        Everything that does not change the count is left out of it, the data included.
        """
        origin = self._origin(row)
        scales = origin.manifest.profile_names
        profile = "paper" if "paper" in scales else scales[0]
        there = without_release(origin.manifest, dataset, profile, self.request)
        runs = RowRuns(origin.manifest, self.request, profile, self.overrides)
        spec = runs.without_data(origin.row, there)
        parts = tuple(one.model_copy(update={"data": ""}) for one in spec.components)
        update = {
            "kind": "measure",
            "components": parts,
            "encoders": {name: _untrained(ref) for name, ref in spec.encoders.items()},
            "strategy": Ref(name="plain"),
            "split": SplitSpec(),
            "missing": None,
            "weights": {},
            "threads": 1,
            "analysis": ref_of(ANALYSES, {"name": COUNT}),
        }
        return self._measured(row, dataset, spec.model_copy(update=update), {}, None)

    def _child(self, row: RowEntry, family: list[PlannedRun]) -> PlannedRun:
        first = family[0]
        update = {
            "kind": "evaluate",
            "parents": tuple(one.spec.fingerprint for one in family),
            "analysis": ref_of(ANALYSES, row.analysis),
            "change": ref_of(SCENARIOS, row.scenario),
            "scenario": scenario_label(row.scenario),
        }
        spec = first.spec.model_copy(update=update)
        component = spec.components[0]
        tasks = f" {component.tasks[0]}" if len(component.tasks) == 1 else ""
        return PlannedRun(
            spec=spec,
            label=f"{self.manifest.name} {row.key} {component.dataset}{tasks} {place(spec)}",
            uses=(Use(table=self.manifest.id, row=row.key),),
            sources=first.sources,
            timeout=first.timeout,
        )

    def _measured(
        self,
        row: RowEntry,
        dataset: str,
        spec: RunSpec,
        sources: dict[str, Any],
        timeout: float | None,
    ) -> PlannedRun:
        what = spec.analysis.name if spec.analysis else ""
        return PlannedRun(
            spec=spec,
            label=f"{self.manifest.name} {row.key} {dataset} {what}",
            uses=(Use(table=self.manifest.id, row=row.key),),
            sources=sources,
            timeout=timeout,
        )

    def _groups(
        self, origin: Origin, dataset: str, wanted: Callable[[str], bool]
    ) -> Iterator[Group]:
        data = self._data(origin, dataset)
        return self._runs(origin).groups(origin.row, data, wanted)

    def _origin(self, row: RowEntry) -> Origin:
        return origins(self.manifest, row)[0] if row.origins else Origin(self.manifest, row)

    def _runs(self, origin: Origin) -> RowRuns:
        if origin.manifest.id == self.manifest.id:
            return self.own
        self._check_profile(origin.manifest)
        return RowRuns(origin.manifest, self.request, self.profile, self.overrides)

    def _data(self, origin: Origin, dataset: str) -> Available:
        """Return a dataset as the table of a row that is looked at uses it."""
        self._check_profile(origin.manifest)
        key = (origin.manifest.id, dataset)
        if key not in self._seen:
            found = look(origin.manifest, dataset, self.profile, self.request)
            if isinstance(found, Unavailable):
                raise DataNotAvailable(found.reason, found.hint)
            self._seen[key] = found
        return self._seen[key]

    def _check_profile(self, manifest: Manifest) -> None:
        if self.profile not in manifest.profile_names:
            raise UsageError(
                f"{self.manifest.id} looks at rows of {manifest.id}, which has no profile "
                f"{self.profile!r}",
                f"it has {', '.join(manifest.profile_names)}",
            )


def _beside(run: PlannedRun, groups: list[Group], row: str) -> PlannedRun:
    """Return the run of another row on the same parts and seed, for all tasks of ``run``."""
    spec = run.spec
    for one in (one for group in groups for one in group.runs):
        same = (one.spec.split, one.spec.seed) == (spec.split, spec.seed)
        if same and set(spec.components[0].tasks) <= set(one.spec.components[0].tasks):
            return one
    raise UsageError(
        f"row {row!r} looks at several rows, and not all have a run like {run.label!r}",
        "give these rows equal splits, seeds and tasks",
    )


def _untrained(ref: Ref) -> Ref:
    """Leave out what an encoder starts from: it changes no count."""
    if "pretrained" not in ref.config:
        return ref
    return ref.model_copy(update={"config": {**ref.config, "pretrained": None}})
