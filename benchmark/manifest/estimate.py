"""How long runs will take, judged by finished runs of the same model on the same dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.core.spec import RunSpec

if TYPE_CHECKING:
    from pandas import DataFrame

#: Kind of run, model and dataset.
Sort = tuple[str, str, str]


@dataclass(frozen=True)
class Estimate:
    """Expected wall time.

    Attributes:
        seconds: Of the runs that have a past, spread over the jobs; 0 if none has.
        unknown: Number of runs whose like has never been finished.
    """

    seconds: float
    unknown: int

    def __str__(self) -> str:
        if not self.unknown:
            return f"about {duration(self.seconds)}"
        runs = "1 run" if self.unknown == 1 else f"{self.unknown} runs"
        known = f"at least {duration(self.seconds)}" if self.seconds else "unknown"
        return f"{known} ({runs} without a past to judge by)"


def past_seconds(view: DataFrame) -> dict[Sort, float]:
    """Return the median wall time in seconds of finished runs of each sort.

    Args:
        view: Of ``benchmark.store.view.load_view``.
    """
    runs = view.drop_duplicates("fingerprint")
    runs = runs[(runs["status"] == "ok") & runs["seconds_total"].notna()]
    groups = runs.groupby(["kind", "model", "dataset"], sort=True)["seconds_total"]
    past: dict[Sort, float] = {}
    for sort, seconds in groups:
        kind, model, dataset = (str(part) for part in sort)
        past[kind, model, dataset] = float(seconds.median())
    return past


def seconds_of(spec: RunSpec, past: Mapping[Sort, float]) -> float | None:
    """Return how long a run should take; None if nothing like it has finished."""
    known = [past.get((spec.kind, spec.model.name, one.dataset)) for one in spec.components]
    found = [seconds for seconds in known if seconds is not None]
    return max(found) if found else None


def estimate(specs: Iterable[RunSpec], past: Mapping[Sort, float], jobs: int) -> Estimate:
    """Return the expected wall time of runs that ``jobs`` workers share.

    Args:
        specs: Runs to do.
        past: Of :func:`past_seconds`.
        jobs: Workers, at least 1.
    """
    times = [seconds_of(spec, past) for spec in specs]
    known = [seconds for seconds in times if seconds is not None]
    wall = max([sum(known) / jobs, *known]) if known else 0.0
    return Estimate(seconds=wall, unknown=len(times) - len(known))


def duration(seconds: float) -> str:
    """Write seconds for people: ``8 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    whole = max(1, round(seconds))
    for size, unit, smaller_size, smaller in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller_size
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"
