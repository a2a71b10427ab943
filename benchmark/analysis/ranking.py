"""Ranks and wins on common ground: the blocks where every compared method has all its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.analysis.methods import Block, Method
from benchmark.analysis.statistics.friedman import (
    FriedmanResult,
    average_ranks,
    friedman,
)
from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.manifest.plan import Use

#: Means that agree to so many decimals tie: beyond them is rounding error.
_DECIMALS = 12
_SHOWN = 3


@dataclass(frozen=True)
class Ranking:
    """How methods stand over the common blocks.

    Attributes:
        common: Keys of the blocks that count.
        left_out: Why a block does not count, by key.
        mean_ranks: By method key, 1 is best; equal means share the average of their ranks. Empty
            without common ground.
        ranks: Rank in each common block, by method key.
        wins: By method key: common blocks in which no method has a better mean.
        friedman: The rank test with its critical difference, or why there is none.
    """

    common: tuple[str, ...]
    left_out: Mapping[str, str]
    mean_ranks: Mapping[str, float]
    ranks: Mapping[str, tuple[float, ...]]
    wins: Mapping[str, int]
    friedman: FriedmanResult | str

    @property
    def best(self) -> str:
        """Key of the method with the best mean rank, the first of equal ones; empty without."""
        return min(self.mean_ranks, key=lambda key: self.mean_ranks[key], default="")


def rank(
    methods: Sequence[Method],
    blocks: Sequence[Block],
    means: Mapping[tuple[str, str], float | None],
    higher: Mapping[str, bool],
) -> Ranking:
    """Rank methods within each common block.

    Args:
        methods: Those compared.
        blocks: Candidates for common ground.
        means: By method and block key; None where runs are missing; no entry where the method
            does not have the block.
        higher: By block key, whether a higher mean is better.
    """
    left_out = {}
    common = []
    for block in blocks:
        if reason := _why_not_common(methods, block, means):
            left_out[block.key] = reason
        else:
            common.append(block.key)
    if not common or len(methods) < 2:
        return Ranking(tuple(common), left_out, {}, {}, {}, _no_ranks(len(methods)))
    scores = [[_score(means[method.key, key], higher[key]) for method in methods] for key in common]
    ranks = average_ranks(scores)
    keys = [method.key for method in methods]
    wins = [sum(row[at] == max(row) for row in scores) for at in range(len(keys))]
    return Ranking(
        common=tuple(common),
        left_out=left_out,
        mean_ranks=dict(zip(keys, map(float, ranks.mean(axis=0)), strict=True)),
        ranks={key: tuple(map(float, ranks[:, at])) for at, key in enumerate(keys)},
        wins=dict(zip(keys, wins, strict=True)),
        friedman=_dependent([one for one in blocks if one.key in common]) or friedman(scores),
    )


def choose_reference(methods: Sequence[Method], name: str) -> str:
    """Return the key of the one method called so: label, row key, ``TABLE:ROW`` or model.

    Raises:
        UnknownNameError: No method is called so.
        UsageError: Several are.
    """
    fits: list[Method] = []
    for naming in (_own_names, _row_names, _model_names):
        fits = [one for one in methods if name.lower() in map(str.lower, naming(one))]
        if fits:
            break
    if not fits:
        known = {one for method in methods for one in (method.label, *_row_names(method))}
        raise UnknownNameError("reference", name, known)
    if len(fits) > 1:
        names = ", ".join(repr(one.key) for one in fits)
        raise UsageError(f"several methods are called {name!r}", f"name one of {names}")
    return fits[0].key


def agreed_reference(methods: Sequence[Method], rows: Mapping[str, str | None]) -> str:
    """Return the key of the one method that every table names as its reference; empty without.

    Args:
        methods: Those with results.
        rows: Row by table id; None where a table names none.
    """
    named = {Use(table=table, row=row) for table, row in rows.items() if row is not None}
    fits = [one.key for one in methods if named and named <= set(one.uses)]
    return fits[0] if fits and len(named) == len(rows) else ""


def _own_names(method: Method) -> list[str]:
    return [method.label, *(f"{use.table}:{use.row}" for use in method.uses)]


def _row_names(method: Method) -> list[str]:
    return [use.row for use in method.uses]


def _model_names(method: Method) -> list[str]:
    return [method.model]


def _dependent(blocks: Sequence[Block]) -> str:
    """Return why columns are no independent blocks: several of one task on the same data."""
    kinds = {(one.facets.get("data", one.key), one.task) for one in blocks}
    if len(kinds) == len(blocks):
        return ""
    return (
        f"the {len(blocks)} columns are of {len(kinds)} tasks on different data, and columns on "
        "the same data are not independent; compare one table or cohort of each"
    )


def _why_not_common(
    methods: Sequence[Method], block: Block, means: Mapping[tuple[str, str], float | None]
) -> str:
    lacking = [one.label for one in methods if (one.key, block.key) not in means]
    undone = [one.label for one in methods if means.get((one.key, block.key), 0.0) is None]
    parts = [
        *([f"{_names(lacking)} not measured there"] if lacking else []),
        *([f"not every run of {_names(undone)} gave a value"] if undone else []),
    ]
    return "; ".join(parts)


def _names(labels: Sequence[str]) -> str:
    more = len(labels) - _SHOWN
    return ", ".join(labels[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _score(mean: float | None, higher: bool) -> float:
    assert mean is not None
    return round(mean if higher else -mean, _DECIMALS)


def _no_ranks(methods: int) -> str:
    return "a single method" if methods < 2 else "no block has complete results of all methods"
