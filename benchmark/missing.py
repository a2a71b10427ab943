"""Modalities dropped on purpose, the same way in every run, order and subset of samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.core.seeding import derive_seed
from benchmark.core.spec import MissingSpec


def apply_missing(
    observed: NDArray[np.bool_],
    sample_ids: Sequence[str],
    modalities: Sequence[str],
    part: Literal["train", "val", "test"],
    spec: MissingSpec,
) -> NDArray[np.bool_]:
    """Return the observed flags after dropping; nothing unobserved becomes observed.

    Modality m of a sample is dropped with probability ``rates[m]``, by a draw that depends on the
    seed, the sample's id and the modality's name only. With ``keep_one``, a sample that would lose
    all it has is drawn again until something stays, which is the distribution of independent drops
    given that not everything is lost (realised rates are then a little below ``rates``).

    Args:
        observed: (N, M) bool.
        sample_ids: N ids.
        modalities: M names, the columns of ``observed``.
        part: Part the samples belong to; parts that ``spec`` leaves out are returned unchanged.
        spec: Rates, parts and seed.

    Raises:
        UnknownNameError: A rate for a modality that is not there.
        UsageError: A rate outside [0, 1], or ``keep_one`` where every modality a sample has is
            dropped for certain.
    """
    _check(spec, modalities)
    if part not in spec.parts:
        return observed.copy()
    kept = observed & ~_dropped(sample_ids, modalities, spec, attempt=0)
    if not spec.keep_one:
        return kept
    rates = np.array([spec.rates.get(name, 0.0) for name in modalities])
    attempt = 0
    while empty := np.flatnonzero(observed.any(axis=1) & ~kept.any(axis=1)).tolist():
        ids = [sample_ids[i] for i in empty]
        _check_possible(observed[empty], ids, modalities, rates)
        attempt += 1
        kept[empty] = observed[empty] & ~_dropped(ids, modalities, spec, attempt)
    return kept


def _dropped(
    sample_ids: Sequence[str], modalities: Sequence[str], spec: MissingSpec, attempt: int
) -> NDArray[np.bool_]:
    dropped = np.zeros((len(sample_ids), len(modalities)), dtype=bool)
    for column, name in enumerate(modalities):
        rate = spec.rates.get(name, 0.0)
        if rate > 0:
            draws = [derive_seed(spec.seed, "missing", str(i), name, attempt) for i in sample_ids]
            dropped[:, column] = np.array(draws) < rate * 2**32
    return dropped


def _check(spec: MissingSpec, modalities: Sequence[str]) -> None:
    for name, rate in spec.rates.items():
        if name not in modalities:
            raise UnknownNameError("modality with a missing rate", name, modalities)
        if not 0 <= rate <= 1:
            raise UsageError(
                f"missing rate of {name!r} is {rate}", "a rate is a probability between 0 and 1"
            )


def _check_possible(
    observed: NDArray[np.bool_],
    sample_ids: Sequence[str],
    modalities: Sequence[str],
    rates: NDArray[np.float64],
) -> None:
    hopeless = np.flatnonzero(~(observed & (rates < 1)).any(axis=1))
    if len(hopeless):
        first = int(hopeless[0])
        has = [name for name, there in zip(modalities, observed[first], strict=True) if there]
        raise UsageError(
            f"keep_one cannot hold: sample {sample_ids[first]!r} has only "
            f"{', '.join(has)}, always dropped (rate 1)",
            "set keep_one to false or lower the rate",
        )
