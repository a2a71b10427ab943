from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.core.spec import MissingSpec
from benchmark.missing import apply_missing

NAMES = ("image", "note", "lab")
IDS = [f"s{i}" for i in range(2000)]


def _all(n: int = 2000) -> np.ndarray:
    return np.ones((n, 3), dtype=bool)


def test_rates_are_met_and_modalities_not_named_are_kept() -> None:
    spec = MissingSpec(rates={"image": 0.3, "note": 0.6}, keep_one=False)
    kept = apply_missing(_all(), IDS, NAMES, "train", spec)
    assert kept.mean(axis=0) == pytest.approx([0.7, 0.4, 1.0], abs=0.03)


def test_modalities_are_dropped_independently() -> None:
    spec = MissingSpec(rates={"image": 0.5, "note": 0.5}, keep_one=False)
    kept = apply_missing(_all(), IDS, NAMES, "train", spec)
    assert np.mean(kept[:, 0] & kept[:, 1]) == pytest.approx(0.25, abs=0.03)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 1000),
    rate=st.floats(0, 0.9),
    chosen=st.lists(st.integers(0, 199), min_size=1, max_size=50, unique=True),
)
def test_a_draw_depends_on_seed_id_and_modality_only(
    seed: int, rate: float, chosen: list[int]
) -> None:
    observed = np.random.default_rng(seed).random((200, 3)) < 0.7
    spec = MissingSpec(rates={"image": rate, "lab": 0.5}, seed=seed)
    whole = apply_missing(observed, IDS[:200], NAMES, "test", spec)
    some = apply_missing(observed[chosen], [IDS[i] for i in chosen], NAMES, "test", spec)
    assert np.array_equal(whole[chosen], some)
    order = [2, 0, 1]
    turned = apply_missing(observed[:, order], IDS[:200], [NAMES[m] for m in order], "test", spec)
    assert np.array_equal(whole[:, order], turned)
    assert not (whole & ~observed).any()
    assert np.array_equal(whole.any(axis=1), observed.any(axis=1))


def test_keep_one_is_the_distribution_given_that_something_stays() -> None:
    spec = MissingSpec(rates=dict.fromkeys(NAMES, 0.8))
    kept = apply_missing(_all(), IDS, NAMES, "train", spec)
    assert kept.any(axis=1).all()
    assert kept.mean(axis=0) == pytest.approx([0.2 / (1 - 0.8**3)] * 3, abs=0.03)


def test_without_keep_one_everything_may_go() -> None:
    spec = MissingSpec(rates=dict.fromkeys(NAMES, 1.0), keep_one=False)
    assert not apply_missing(_all(5), IDS[:5], NAMES, "train", spec).any()


def test_samples_that_had_nothing_stay_empty() -> None:
    nothing = np.zeros((4, 3), dtype=bool)
    spec = MissingSpec(rates={"image": 0.5})
    assert not apply_missing(nothing, IDS[:4], NAMES, "train", spec).any()


def test_parts_that_are_not_named_are_returned_as_a_copy() -> None:
    observed = _all(5)
    spec = MissingSpec(rates={"image": 1.0}, parts=("train",))
    kept = apply_missing(observed, IDS[:5], NAMES, "test", spec)
    assert np.array_equal(kept, observed)
    kept[:] = False
    assert observed.all()


def test_input_is_not_changed() -> None:
    observed = _all(5)
    apply_missing(observed, IDS[:5], NAMES, "train", MissingSpec(rates={"image": 1.0}))
    assert observed.all()


def test_errors() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown modality .* 'imge'\ndid you mean 'image'"):
        apply_missing(_all(1), ["s"], NAMES, "train", MissingSpec(rates={"imge": 0.5}))
    with pytest.raises(UsageError, match=r"missing rate of 'lab' is 1\.5"):
        apply_missing(_all(1), ["s"], NAMES, "train", MissingSpec(rates={"lab": 1.5}))
    observed = np.array([[True, True, False], [True, False, False]])
    with pytest.raises(UsageError, match=r"keep_one cannot hold: sample 's1' has only image, alw"):
        apply_missing(observed, ["s0", "s1"], NAMES, "train", MissingSpec(rates={"image": 1.0}))
