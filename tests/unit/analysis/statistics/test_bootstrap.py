"""Bootstrap intervals against SciPy, closed forms and their own promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from benchmark.analysis.statistics.bootstrap import Positions, bca_levels, bootstrap

VALUES = np.random.default_rng(0).exponential(1.0, 60)
IDS = [str(one) for one in range(60)]


def mean(positions: Positions) -> float:
    return float(VALUES[positions].mean())


def test_of_a_mean_is_near_scipy_s() -> None:
    for method, theirs in (("percentile", "percentile"), ("bca", "BCa")):
        found = bootstrap(mean, IDS, 0, resamples=2000, method=method)  # type: ignore[arg-type]
        expected = stats.bootstrap(
            (VALUES,), np.mean, n_resamples=2000, method=theirs, rng=np.random.default_rng(1)
        ).confidence_interval
        assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.04)


def test_bca_takes_scipy_s_quantiles_of_scipy_s_resamples() -> None:
    """The same resamples leave no chance: SciPy's ends are at our levels."""
    done = stats.bootstrap(
        (VALUES,), np.mean, n_resamples=500, method="BCa", rng=np.random.default_rng(2)
    )
    jackknife = np.array([np.delete(VALUES, one).mean() for one in range(len(VALUES))])
    levels = bca_levels(done.bootstrap_distribution, VALUES.mean(), jackknife, 0.95)
    ends = np.quantile(done.bootstrap_distribution, levels)
    assert ends == pytest.approx(tuple(done.confidence_interval), rel=1e-9)


def test_groups_are_drawn_whole() -> None:
    groups = ["a", "a", "a", "b", "b", "c"]

    def whole(positions: Positions) -> float:
        counts = np.bincount(positions, minlength=6)
        assert counts[0] == counts[1] == counts[2]
        assert counts[3] == counts[4]
        return float(counts[5])

    found = bootstrap(whole, groups, 3, resamples=200)
    # How often "c" is among three draws: 0 in 30 % of them, 3 in 4 %.
    assert (found.low, found.high) == (0.0, 3.0)


def test_copies_of_a_sample_do_not_narrow_the_interval_of_their_patient() -> None:
    tripled = np.repeat(VALUES, 3)

    def of_copies(positions: Positions) -> float:
        return float(tripled[positions].mean())

    patients = [one for one in IDS for _ in range(3)]
    grouped = bootstrap(of_copies, patients, 0)
    alone = bootstrap(mean, IDS, 0)
    naive = bootstrap(of_copies, [str(one) for one in range(180)], 0)
    assert width(grouped) == pytest.approx(width(alone), rel=1e-9)
    assert width(naive) == pytest.approx(width(alone) / math.sqrt(3), rel=0.1)


def test_strata_keep_their_sizes() -> None:
    labels = np.array([0.0] * 50 + [1.0] * 10)

    def share(positions: Positions) -> float:
        return float(labels[positions].mean())

    kept = bootstrap(share, IDS, 0, strata=list(labels), resamples=100)
    assert (kept.low, kept.high) == pytest.approx((1 / 6, 1 / 6))
    free = bootstrap(share, IDS, 0, resamples=100)
    assert width(free) > 0.1


def test_the_same_seed_draws_the_same() -> None:
    assert bootstrap(mean, IDS, 5, resamples=50) == bootstrap(mean, IDS, 5, resamples=50)
    assert bootstrap(mean, IDS, 5, resamples=50) != bootstrap(mean, IDS, 6, resamples=50)


def test_undefined_resamples_are_counted() -> None:
    labels = np.array([1.0] + [0.0] * 9)

    def needs_both(positions: Positions) -> float:
        drawn = labels[positions]
        return float(drawn.mean()) if 0 < drawn.mean() < 1 else math.nan

    found = bootstrap(needs_both, IDS[:10], 0, resamples=500)
    # (9/10)^10 of the resamples leave the only positive out.
    assert found.undefined / 500 == pytest.approx(0.9**10, abs=0.06)
    assert found.resamples + found.undefined == 500
    assert found.note == f"undefined in {found.undefined} of 500 resamples"


def test_what_has_no_interval_says_why() -> None:
    def never(positions: Positions) -> float:
        return math.nan

    def once(positions: Positions) -> float:
        return 1.0 if len(set(positions.tolist())) == 60 else math.nan

    assert bootstrap(never, IDS, 0).note == "undefined on the samples"
    assert bootstrap(mean, ["a"] * 60, 0).note == "a single group cannot be resampled"
    assert bootstrap(once, IDS, 0, resamples=20).note == "undefined in every resample"
    with pytest.raises(ValueError, match="no sample to draw"):
        bootstrap(mean, [], 0)
    with pytest.raises(ValueError, match="a group are in several strata"):
        bootstrap(mean, ["a", "a", "b"], 0, strata=[0.0, 1.0, 1.0])


def test_bca_without_variation_takes_plain_quantiles() -> None:
    same: NDArray[np.float64] = np.ones(9)
    assert bca_levels(same, 1.0, same, 0.9) == pytest.approx((0.05, 0.95))
    assert bca_levels(same + 1, 1.0, np.arange(9.0), 0.9) == pytest.approx((0.05, 0.95))


def test_coverage_of_a_mean() -> None:
    random = np.random.default_rng(7)
    held = 0
    for seed in range(80):
        drawn = random.normal(0.0, 1.0, 40)

        def of_drawn(positions: Positions, drawn: NDArray[np.float64] = drawn) -> float:
            return float(drawn[positions].mean())

        found = bootstrap(of_drawn, IDS[:40], seed, resamples=100)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0 <= found.high
    assert held / 80 == pytest.approx(0.94, abs=0.06)


def width(found: object) -> float:
    return float(found.high - found.low)  # type: ignore[attr-defined]
