"""Ranks, wins and common ground on numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmark.analysis.methods import Block, Method
from benchmark.analysis.ranking import Ranking, choose_reference, rank
from benchmark.analysis.statistics.friedman import FriedmanResult
from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.manifest.plan import Use


def method(key: str, model: str = "prior", table: str = "suite/toy") -> Method:
    return Method(
        key=f"{table}:{key}",
        label=key.title(),
        model=model,
        control=False,
        uses=(Use(table=table, row=key),),
        cells={},
    )


def block(key: str) -> Block:
    return Block(key, key, "task", f"{key}: task", "real", {}, ("suite/toy",))


def ranking(rows: dict[str, list[float | None]], lower: str = "") -> Ranking:
    """Rank methods on blocks a, b, c ...; those in ``lower`` are better when lower."""
    methods = [method(one) for one in rows]
    keys = "abcdefgh"[: len(next(iter(rows.values())))]
    means = {
        (f"suite/toy:{name}", key): value
        for name, values in rows.items()
        for key, value in zip(keys, values, strict=True)
    }
    return rank(
        methods, [block(one) for one in keys], means, {one: one not in lower for one in keys}
    )


def named(found: dict[str, object]) -> dict[str, object]:
    return {key.removeprefix("suite/toy:"): value for key, value in found.items()}


def test_mean_ranks_with_ties_and_a_column_where_lower_is_better() -> None:
    # a: x 1, y and z tie at 2.5. b (lower is better): z 1, x 2, y 3. c: all tie at 2.
    found = ranking({"x": [0.9, 0.2, 0.5], "y": [0.8, 0.3, 0.5], "z": [0.8, 0.1, 0.5]}, lower="b")
    assert named(dict(found.ranks)) == {
        "x": (1.0, 2.0, 2.0),
        "y": (2.5, 3.0, 2.0),
        "z": (2.5, 1.0, 2.0),
    }
    assert named(dict(found.mean_ranks)) == pytest.approx({"x": 5 / 3, "y": 7.5 / 3, "z": 5.5 / 3})
    assert named(dict(found.wins)) == {"x": 2, "y": 1, "z": 2}
    assert found.best == "suite/toy:x"


def test_rounding_errors_tie() -> None:
    found = ranking({"x": [0.1 + 0.2], "y": [0.3]})
    assert named(dict(found.mean_ranks)) == {"x": 1.5, "y": 1.5}
    assert named(dict(found.wins)) == {"x": 1, "y": 1}


def test_only_columns_where_all_are_complete_count() -> None:
    found = ranking({"x": [0.9, None, 0.1], "y": [0.8, 0.7, 0.2]})
    assert found.common == ("a", "c")
    assert found.left_out == {"b": "not every run of X gave a value"}
    assert named(dict(found.mean_ranks)) == {"x": 1.5, "y": 1.5}


def test_a_method_without_the_column_is_named_and_long_lists_are_cut() -> None:
    methods = [method(one) for one in ("p", "q", "r", "s", "t")]
    found = rank(methods, [block("a")], {("suite/toy:p", "a"): 0.5}, {"a": True})
    assert found.left_out == {"a": "Q, R, S and 1 more not measured there"}
    assert (found.common, found.mean_ranks, found.best) == ((), {}, "")
    assert found.friedman == "no block has complete results of all methods"


def test_a_rank_test_needs_six_columns() -> None:
    rows: dict[str, list[float | None]] = {
        "x": [0.9, 0.8, 0.9, 0.7, 0.9, 0.8],
        "y": [0.5, 0.6, 0.5, 0.6, 0.5, 0.9],
        "z": [0.1, 0.2, 0.1, 0.2, 0.1, 0.2],
    }
    found = ranking(rows).friedman
    assert isinstance(found, FriedmanResult)
    # Ranks 1 2 3 in five columns, 2 1 3 in one: sums 7, 11, 18, so 12/72 * 494 - 72 = 10.33.
    assert found.statistic == pytest.approx(12 / (6 * 3 * 4) * (49 + 121 + 324) - 3 * 6 * 4)
    fewer = ranking({name: values[:5] for name, values in rows.items()}).friedman
    assert isinstance(fewer, str)
    assert "fewer than the 6" in fewer


def test_a_single_method_has_no_rank() -> None:
    assert ranking({"x": [0.5]}).mean_ranks == {}


@pytest.mark.parametrize("name", ["Ridge", "ridge", "suite/toy:ridge", "ridge_logistic"])
def test_a_reference_is_called_by_label_row_or_model(name: str) -> None:
    methods = [method("prior"), method("ridge", "ridge_logistic")]
    assert choose_reference(methods, name) == "suite/toy:ridge"


def test_a_reference_must_be_one_method() -> None:
    methods = [method("ridge"), method("ridge", table="suite/other"), method("trees", "boosting")]
    with pytest.raises(UnknownNameError, match=r"unknown reference 'ridg'\n.*'ridge'"):
        choose_reference(methods, "ridg")
    with pytest.raises(UsageError, match=r"several.*'ridge'\n.*suite/toy:ridge.*suite/other:ridge"):
        choose_reference(methods, "ridge")
    assert choose_reference(methods, "suite/other:ridge") == "suite/other:ridge"


def test_columns_on_the_same_data_are_no_blocks_of_a_rank_test() -> None:
    methods = [method(one) for one in "xyz"]
    means = {
        (one.key, key): float(number + k)
        for number, one in enumerate(methods)
        for k, key in enumerate("abcdef")
    }
    higher = dict.fromkeys("abcdef", True)

    def ranked(data: str) -> FriedmanResult | str:
        blocks = [
            replace(block(key), facets={"data": one})
            for key, one in zip("abcdef", data, strict=True)
        ]
        return rank(methods, blocks, means, higher).friedman

    assert isinstance(ranked("123456"), FriedmanResult)
    found = ranked("123455")
    assert isinstance(found, str)
    assert "6 columns are of 5 tasks on different data" in found
