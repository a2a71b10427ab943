"""How much of the data a split tests on: the factor of the corrected t-test."""

from __future__ import annotations

from collections.abc import Mapping

from benchmark.core.spec import SplitSpec


def nominal_ratio(split: SplitSpec) -> float | None:
    """Return test rows / training rows as the split asks for them; None if only the data knows.

    Validation rows belong to neither. Patients are dealt, so rows may differ a little from this.
    """
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
