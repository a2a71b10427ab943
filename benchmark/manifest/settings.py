"""Settings of one row on one dataset, all layers merged: typed, completed and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.core.problem import Component, Task, TaskKind
from benchmark.core.registry import Registry
from benchmark.core.spec import JOINT, Ref
from benchmark.losses import DEFAULT_LOSS, LOSSES, LossInfo
from benchmark.manifest.frame import Frame
from benchmark.manifest.issues import Issue, parse, unknown
from benchmark.manifest.resolve import Tree, is_control, merge_entry, plain
from benchmark.manifest.schema import RowEntry
from benchmark.metrics import FAMILIES, METRICS, kinds_of, named_ref
from benchmark.models import MODELS
from benchmark.models.encoders import ENCODERS
from benchmark.training.strategies import STRATEGIES

#: Settings of models that name a modality: the one that is read, the one that is segmented.
_MODALITY_FIELDS = ("modality", "dense")


@dataclass(frozen=True)
class Resolved:
    """Everything a run of a row on a dataset needs but the data.

    Attributes:
        model: Model or control.
        encoders: By modality; empty for controls.
        losses: By task; empty for controls.
        strategy: Strategy.
        frame: The rest.
    """

    model: Ref
    encoders: dict[str, Ref]
    losses: dict[str, Ref]
    strategy: Ref
    frame: Frame

    def as_settings(self) -> dict[str, Any]:
        """Return every setting in the form of a manifest's, defaults included."""
        named = {
            part: {key: {"name": ref.name, **ref.config} for key, ref in refs.items()}
            for part, refs in (("encoders", self.encoders), ("losses", self.losses))
        }
        return {
            **({"config": self.model.config} if self.model.config else {}),
            **{part: entries for part, entries in named.items() if entries},
            **({"strategy": self.strategy.name} if self.encoders else {}),
            **({"training": self.strategy.config} if self.encoders else {}),
            **self.frame.model_dump(mode="json"),
        }


def resolve(
    merged: Tree, row: RowEntry, described: Component, used: Component
) -> tuple[Resolved | None, list[Issue]]:
    """Give merged settings their types and check them against model and data.

    Args:
        merged: Of :func:`benchmark.manifest.resolve.settings_tree`.
        row: The row; its model must be registered.
        described: All modalities and tasks of the dataset.
        used: Those the table uses.

    Returns:
        The settings, or None with every problem by its path within the settings.
    """
    resolver = _Resolver(merged, row, described, used)
    resolved = resolver.resolve()
    return (None if resolver.issues else resolved), resolver.issues


def dump(record: Any) -> dict[str, Any]:
    """Return a config as plain JSON values, defaults included."""
    values: dict[str, Any] = record.model_dump(mode="json")
    return values


class _Resolver:
    """Resolves section by section and collects what is wrong."""

    def __init__(self, merged: Tree, row: RowEntry, described: Component, used: Component) -> None:
        self.tree, self.values, self.row = merged, plain(merged), row
        self.described, self.used = described, used
        self.issues: list[Issue] = []

    def resolve(self) -> Resolved | None:
        """Return the settings; only complete where no issue was noted."""
        model = self.model()
        frame = self.frame()
        if is_control(self.row):
            strategy: Ref | None = STRATEGIES.ref("fit", {})
            encoders: dict[str, Ref] = {}
            losses: dict[str, Ref] = {}
        else:
            strategy, encoders, losses = self.strategy(), self.encoders(model), self.losses()
        if model is None or frame is None or strategy is None or self.issues:
            return None
        return Resolved(model, encoders, losses, strategy, frame)

    def note(self, path: tuple[str | int, ...], text: str) -> None:
        """Remember a problem."""
        self.issues.append(Issue(path, text))

    def model(self) -> Ref | None:
        """Return the model with its config; fields that name modalities must name the run's."""
        cls = MODELS.config(self.row.model)
        config = parse(cls, self.values.get("config", {}), self.issues, ("config",))
        if config is None:
            return None
        names = [modality.name for modality in self.used.modalities]
        for field in _MODALITY_FIELDS:
            chosen = getattr(config, field, None)
            if isinstance(chosen, str) and chosen not in names:
                self.note(("config", field), unknown("modality", chosen, names))
        kinds: tuple[str, ...] = getattr(config, "kinds", ())  # of controls
        if unfit := [one for one in self.used.tasks if kinds and one.kind not in kinds]:
            shown = ", ".join(f"{task.name} ({task.kind})" for task in unfit)
            self.note((), f"{self.row.model!r} is not for {shown}, but for {', '.join(kinds)}")
        return named_ref(MODELS, self.row.model, dump(config))

    def frame(self) -> Frame | None:
        """Return split, seeds, missing modalities, threads and time-out."""
        given = {key: self.values[key] for key in Frame.model_fields if key in self.values}
        frame: Frame | None = parse(Frame, given, self.issues)
        if frame is None:
            return None
        if len(set(frame.seeds)) != len(frame.seeds):
            self.note(("seeds",), f"names a seed twice: {list(frame.seeds)}")
        tasks = [task.name for task in self.described.tasks]
        stratify = frame.split.stratify
        for name in stratify.split(JOINT) if stratify is not None else ():
            if name not in tasks:
                self.note(("split", "stratify"), unknown("task", name, tasks))
        names = [modality.name for modality in self.used.modalities]
        for name, rate in (frame.missing.rates if frame.missing else {}).items():
            if name not in names:
                self.note(("missing", "rates", name), unknown("modality", name, names))
            elif not 0 <= rate <= 1:
                text = f"is a probability between 0 and 1, not {rate:g}"
                self.note(("missing", "rates", name), text)
        return frame

    def encoders(self, model: Ref | None) -> dict[str, Ref]:
        """Return one encoder per modality the model reads; each must give what the model takes."""
        found = {}
        names: Sequence[str] = [modality.name for modality in self.used.modalities]
        config = MODELS.config(self.row.model).parse(model.config) if model else None
        for name in config.encoded(names) if config else names:
            ref = self.named("encoders", name, ENCODERS, None)
            if ref is None:
                continue
            given = ENCODERS.entry(ref.name).family
            wanted = config.encoder_gives(name) if config else given
            if given not in (wanted, "any"):
                self.note(
                    (*self.place("encoders", name), "name"),
                    f"encoder {ref.name!r} gives {given}, model {self.row.model!r} takes {wanted}"
                    f" (use {_encoders_giving(wanted)})",
                )
            found[name] = ref
        return found

    def losses(self) -> dict[str, Ref]:
        """Return one loss per task; a task without one takes its kind's default."""
        found = {}
        for task in self.used.tasks:
            ref = self.named("losses", task.name, LOSSES, DEFAULT_LOSS.get(task.kind))
            if ref:
                self.check_loss(ref.name, task)
                found[task.name] = ref
        return found

    def check_loss(self, name: str, task: Task) -> None:
        """Note a loss that is not defined for the task's kind."""
        entry = LOSSES.entry(name)
        kinds = entry.kinds if isinstance(entry, LossInfo) else ()
        if kinds and task.kind not in kinds:
            self.note(
                (*self.place("losses", task.name), "name"),
                f"loss {name!r} is for {', '.join(kinds)} tasks, {task.name!r} is {task.kind}"
                f" (use {', '.join(_losses_for(task.kind))})",
            )

    def named(self, part: str, key: str, registry: Registry, default: str | None) -> Ref | None:
        """Return what is registered under the name of an entry, with its config."""
        place = self.place(part, key)
        values = plain(self.entry(part, key))
        name = values.pop("name", default)
        if name is None:
            self.note(place, f"no {registry.kind} for {key!r}; give it a 'name', or set '*'")
            return None
        if not isinstance(name, str) or name not in registry:
            self.note((*place, "name"), unknown(registry.kind, str(name), registry))
            return None
        config = parse(registry.config(name), values, self.issues, place)
        return None if config is None else registry.ref(name, dump(config))

    def entry(self, part: str, key: str) -> Tree:
        """Return ``*`` with the entry of ``key`` on top."""
        entries = self.entries(part)
        return merge_entry(_branch(entries, "*"), _branch(entries, key))

    def entries(self, part: str) -> Tree:
        """Return all entries of ``encoders`` or ``losses``."""
        return _branch(self.tree, part)

    def place(self, part: str, key: str) -> tuple[str, ...]:
        """Return the path of the entry that ``key`` takes: its own, or that of ``*``."""
        return (part, key if key in self.entries(part) else "*")

    def strategy(self) -> Ref | None:
        """Return the strategy with its config, checked against the tasks."""
        name = self.values.get("strategy", "plain")
        known = [one for one in STRATEGIES if one != "fit"]
        if name not in known:
            self.note(("strategy",), unknown("strategy", str(name), known))
            return None
        given = self.values.get("training", {})
        config = parse(STRATEGIES.config(name), given, self.issues, ("training",))
        if config is None:
            return None
        self.check_training(config)
        return named_ref(STRATEGIES, name, dump(config))

    def check_training(self, config: Any) -> None:
        """Note tasks and metrics that the training names and the data does not have."""
        tasks = {task.name: task.kind for task in self.used.tasks}
        for name in getattr(config, "task_weights", {}):
            if name not in tasks:
                self.note(("training", "task_weights", name), unknown("task", name, tasks))
        selection = getattr(config, "selection", None)
        if selection is None:
            return
        place = ("training", "selection")
        if selection.task is not None and selection.task not in tasks:
            self.note((*place, "task"), unknown("task", selection.task, tasks))
        elif selection.metric != "loss":
            # A row with one run per task selects each run by its own task.
            one = selection.task if self.row.train == "joint" else None
            kinds = {one: tasks[one]} if one else tasks
            self.check_selection(selection.metric, kinds, (*place, "metric"))

    def check_selection(
        self, metric: str, kinds: Mapping[str, str], place: tuple[str, ...]
    ) -> None:
        """Note a selection metric that is unknown or that no task of a run can give."""
        if metric not in FAMILIES and metric not in METRICS:
            self.note(place, unknown("metric", metric, ["loss", *FAMILIES, *METRICS]))
            return
        defined = kinds_of(metric)
        lacking = [name for name, kind in kinds.items() if kind not in defined]
        enough = self.row.train == "joint" and len(lacking) < len(kinds)
        if lacking and not enough:
            shown = ", ".join(f"{name} ({kinds[name]})" for name in lacking)
            self.note(place, f"{metric!r} is not defined for {shown}")


def _branch(node: Tree, key: str) -> Tree:
    found = node.get(key)
    return found if isinstance(found, dict) else {}


def _losses_for(kind: TaskKind) -> list[str]:
    kinds = {name: getattr(LOSSES.entry(name), "kinds", ()) for name in LOSSES}
    return [name for name, defined in kinds.items() if kind in defined]


def _encoders_giving(output: str) -> str:
    return ", ".join(name for name in ENCODERS if ENCODERS.entry(name).family in (output, "any"))
