"""RunSpec: everything that can change a run's numbers, and its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field

from benchmark.core.problem import Frozen

#: Between the names of tasks that a split is stratified by together.
JOINT = "+"
RunKind = Literal["train", "evaluate", "measure"]
FINGERPRINT_SCHEMA = 1


class Ref(Frozen):
    """A registered thing with its resolved configuration.

    Attributes:
        name: Registry name.
        config: The config class's fields after validation, as plain JSON values, defaults included.
        version: ``Entry.result_version`` at the time of planning.
        source: Hash of the code for a plug-in, which has no version; empty for built-ins.
    """

    name: str
    config: dict[str, Any] = Field(default_factory=dict)
    version: int = 1
    source: str = ""


class ComponentSpec(Frozen):
    """The part of one dataset that a run uses.

    Attributes:
        dataset: Name in the manifest's ``datasets`` (usually the loader's name).
        loader: Loader and options, e.g. label definitions; never a path.
        modalities: Names used, in order.
        tasks: Names trained and scored, in order.
        data: The release's data fingerprint.
    """

    dataset: str
    loader: Ref
    modalities: tuple[str, ...]
    tasks: tuple[str, ...]
    data: str


class SplitSpec(Frozen):
    """Which rows train, select and test.

    Attributes:
        kind: ``kfold`` (5 folds: 70/10/20), ``ratio`` (``fractions``), ``official`` (the parts a
            release ships), ``files`` (``digest`` of a user's or a published split file).
        folds: Number of folds of ``kfold``, else 1.
        fold: Which fold is the test part, which file of ``files``, or which repeat of ``ratio``.
        fractions: Train, validation, test shares of ``ratio``.
        val_fraction: Share of the training groups that ``kfold`` and ``files`` take for
            validation (0.125 of the 80 % outside a test fold is 10 % of all).
        stratify: Task whose label or event is balanced over parts, or several joined by ``+``;
            None shuffles groups only.
        seed: Seed of the split, apart from the run's own.
        digest: sha256 of the split file for ``files``.
    """

    kind: Literal["kfold", "ratio", "official", "files"] = "kfold"
    folds: int = 1
    fold: int = 0
    fractions: tuple[float, float, float] = (0.7, 0.15, 0.15)
    val_fraction: float = 0.125
    stratify: str | None = None
    seed: int = 0
    digest: str = ""


class MissingSpec(Frozen):
    """Modalities dropped on purpose, on top of what the data lacks.

    Attributes:
        rates: Probability of dropping, by modality.
        parts: Parts the dropping applies to.
        seed: Seed of the draw; a sample's draw depends on it, its id and the modality only.
        keep_one: Redraw so that every sample keeps at least one modality it has.
    """

    rates: dict[str, float]
    parts: tuple[Literal["train", "val", "test"], ...] = ("train", "val", "test")
    seed: int = 0
    keep_one: bool = True


class RunSpec(Frozen):
    """One run. Equal specs give equal numbers, so equal specs run once.

    Attributes:
        kind: ``train``; ``evaluate`` and ``measure`` look at trained parents.
        components: Data used; one in nearly every run.
        model: Model or control.
        encoders: Encoder by ``modality`` (``dataset/modality`` where there are several datasets).
        losses: Loss by ``task`` (likewise).
        strategy: Training strategy and its resolved ``TrainingConfig``.
        split: Rows of each part.
        missing: Modalities dropped on purpose.
        seed: Seed of initialisation, data order, dropout and noise.
        scenario: ``clean`` or what an ``evaluate`` run changes.
        parents: Fingerprints an ``evaluate`` or ``measure`` run needs finished.
        weights: sha256 of pretrained files by name.
        threads: CPU threads; 1 unless asked for.
        analysis: What an ``evaluate`` run does with its parent's outputs (None scores them), or
            what a ``measure`` run measures.
        change: What makes the scenario of an ``evaluate`` run out of clean data.
        device: Kind of device a ``measure`` run is for; others do not depend on it.
    """

    kind: RunKind = "train"
    components: tuple[ComponentSpec, ...]
    model: Ref
    encoders: dict[str, Ref] = Field(default_factory=dict)
    losses: dict[str, Ref] = Field(default_factory=dict)
    strategy: Ref
    split: SplitSpec
    missing: MissingSpec | None = None
    seed: int = 0
    scenario: str = "clean"
    parents: tuple[str, ...] = ()
    weights: dict[str, str] = Field(default_factory=dict)
    threads: int = 1
    analysis: Ref | None = None
    change: Ref | None = None
    device: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that name this run in the store.

        Fields at their default are left out, so that a field added later leaves the names of
        stored runs as they are; the default of a field in this file may never change.
        """
        fields = self.model_dump(mode="json", exclude_defaults=True)
        body = {"schema": FINGERPRINT_SCHEMA, **fields}
        return hashlib.sha256(canonical_json(body).encode()).hexdigest()[:32]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy, but not the cached fingerprint, which pydantic would give the changed copy too."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("fingerprint", None)
        return copied


def canonical_json(value: Any) -> str:
    """Serialise with sorted keys and no blanks; ValueError on NaN and infinity."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
