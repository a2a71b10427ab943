"""How much of the data a split tests on: the factor of the corrected t-test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmark.core.spec import RunSpec, SplitSpec, canonical_json

#: For tests: units are seeds of one split and train on the same rows.
INDEPENDENT = 0.0
#: Rows by part of a stored run, e.g. ``{"train": 398, "val": 57, "test": 114}``; None if unknown.
Sizes = Callable[[str], Mapping[str, int] | None]


def nominal_ratio(split: SplitSpec) -> float | None:
    """Return test rows / training rows as the split asks for them; None if only the data knows.

    Validation rows belong to neither. Patients are dealt, so rows may differ a little from this.
    Runs that read no data have one fold, and no such ratio.
    """
    if split.kind == "kfold" and split.folds < 2:
        return None
    if split.kind == "kfold":
        test = 1 / split.folds
        return test / ((1 - test) * (1 - split.val_fraction))
    if split.kind == "ratio":
        train, _, test = split.fractions
        return test / train
    return None


def counted_ratio(samples: Mapping[str, int]) -> float | None:
    """Return test rows / training rows as a run counted them; None without both.

    Args:
        samples: ``info["samples"]`` of a stored run: number of samples by part.
    """
    test, train = samples.get("test", 0), samples.get("train", 0)
    return test / train if test and train else None


def ratio_of_runs(specs: Sequence[RunSpec], sizes: Sizes) -> float | None:
    """Return the mean test rows / training rows of the runs of a cell.

    Args:
        specs: Planned runs, at least one.
        sizes: Rows by part of a run.

    Returns:
        As counted by the runs, else as their splits ask for it, None if neither is known;
        :data:`INDEPENDENT` where all runs share one split.
    """
    if len({split_name(one.split) for one in specs}) < 2:
        return INDEPENDENT
    counted = [counted_ratio(sizes(one.fingerprint) or {}) for one in specs]
    known = [one for one in counted if one is not None]
    return sum(known) / len(known) if known else nominal_ratio(specs[0].split)


def split_name(split: SplitSpec) -> str:
    """Return a text that only equal splits share."""
    return canonical_json(split.model_dump(mode="json"))
