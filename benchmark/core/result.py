"""What a finished run leaves behind: a typed, versioned record."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import Field

from benchmark.core.problem import Frozen
from benchmark.core.spec import RunSpec

RESULT_SCHEMA = 1

Status = Literal["ok", "diverged", "timeout", "oom", "error", "killed"]
#: Never run again unless forced.
FINAL: frozenset[str] = frozenset({"ok", "diverged"})
#: Run again by the next ``run``.
RETRIED: frozenset[str] = frozenset({"error", "killed"})
#: Run again only when asked for, or when the limits change.
LIMITED: frozenset[str] = frozenset({"timeout", "oom"})

Part = Literal["val", "test"]
Source = Literal["real", "partial", "synthetic"]


class Pick(NamedTuple):
    """Which of a run's values of a metric is meant; fields as in :class:`MetricRow`."""

    stage: str = "final"
    scenario: str = "clean"
    subgroup: str = "all"
    head: str = "main"

    def __str__(self) -> str:
        """Name what is not as in every run, e.g. ``expert:synergy``; empty for the usual."""
        return ", ".join(one for one, other in zip(self, USUAL, strict=True) if one != other)


#: The model's own number on all samples, as they are.
USUAL = Pick()


class MetricRow(Frozen):
    """One number.

    Attributes:
        stage: ``final``, or the stage of a strategy that has several.
        part: Rows it was computed on.
        dataset: Component name.
        task: Task name.
        scenario: ``clean`` or a corruption, e.g. ``drop:note``.
        subgroup: ``all`` or a named subset of the rows.
        head: ``main``, or an expert's own prediction, e.g. ``expert:synergy``.
        metric: Metric id.
        value: The number in the metric's own unit; None if it is undefined.
        reason: Why it is undefined; empty otherwise.
        n: Labelled samples it was computed on.
        n_pos: Positives among them (binary), events (survival), else None.
        version: ``result_version`` of the metric's definition.
    """

    stage: str = "final"
    part: Part
    dataset: str
    task: str
    scenario: str = "clean"
    subgroup: str = "all"
    head: str = "main"
    metric: str
    value: float | None
    reason: str = ""
    n: int
    n_pos: int | None = None
    version: int = 1


class Release(Frozen):
    """Which data a loader reads.

    Attributes:
        id: Official name of the release, e.g. ``EMBED Open Data``.
        version: Its version.
        cohort: Rows taken, in words.
        source: ``real`` (the complete release), ``partial`` (real, but a demo, a subset or another
            release), ``synthetic`` (written by a generator).
        fingerprint: Hash of the data a run sees; keys the cache.
        credentialed: Sample-level rows must not leave the cache.
        terms: Licence or terms of use, in a few words.
    """

    id: str
    version: str
    cohort: str = "all"
    source: Source
    fingerprint: str
    credentialed: bool = False
    terms: str = ""


class Failure(Frozen):
    """Why a run did not end well."""

    type: str
    message: str
    traceback: str = ""


class RunResult(Frozen):
    """The record of one run; one JSON file in the store.

    Attributes:
        schema_version: Of this record; readers accept this one and older ones.
        spec: What was run; ``spec.fingerprint`` names the file.
        status: How it ended.
        rows: Metrics on validation and test; empty unless ``ok``.
        releases: Data used, by component name.
        failure: Set unless ``ok``.
        seconds: Wall time by phase: ``data``, ``fit``, ``predict``, ``total``.
        limits: Time-out in seconds and memory figures the run had; a change allows a retry.
        provenance: Versions, device, host, source hashes, git state.
        info: Small facts for a reader: chosen modality, epochs, best epoch, parameter counts.
        started: UTC, ISO 8601.
        finished: UTC, ISO 8601.
        log: Log file relative to the cache folder.
    """

    schema_version: int = RESULT_SCHEMA
    spec: RunSpec
    status: Status
    rows: tuple[MetricRow, ...] = ()
    releases: dict[str, Release] = Field(default_factory=dict)
    failure: Failure | None = None
    seconds: dict[str, float] = Field(default_factory=dict)
    limits: dict[str, float] = Field(default_factory=dict)
    provenance: dict[str, Any] = Field(default_factory=dict)
    info: dict[str, Any] = Field(default_factory=dict)
    started: str = ""
    finished: str = ""
    log: str = ""

    @property
    def fingerprint(self) -> str:
        """Name of the run."""
        return self.spec.fingerprint
