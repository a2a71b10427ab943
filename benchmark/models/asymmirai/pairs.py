"""Which modalities are compared with each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Literal

from benchmark.core.errors import UsageError
from benchmark.models.layers.views import View, read_view

Pairs = tuple[tuple[str, str], ...]

#: What two views of a pair have in common; in the rest they differ.
_SAME: dict[str, Callable[[View], tuple[object, ...]]] = {
    "sides": lambda view: (view.projection, view.kind),
    "views": lambda view: (view.kind, view.other),
    "types": lambda view: (view.projection, view.other),
}


def find_pairs(names: Sequence[str], pairs: Literal["sides", "views", "types"] | Pairs) -> Pairs:
    """Return the pairs of modalities to compare, in the order of the dataset.

    Args:
        names: The dataset's modalities.
        pairs: What a pair differs in, or the pairs themselves.

    Raises:
        UsageError: A pair names something else, or a modality is in none.
    """
    if isinstance(pairs, str):
        same = _SAME[pairs]
        found = tuple(
            (one, two)
            for one, two in combinations(names, 2)
            if same(read_view(one)) == same(read_view(two))
        )
    else:
        found = pairs
    named = {name for pair in found for name in pair}
    unknown, alone = sorted(named - set(names)), [name for name in names if name not in named]
    if unknown or alone:
        what = f"has no modality {unknown[0]!r}" if unknown else f"has {alone[0]!r} without partner"
        raise UsageError(
            f"asymmirai compares pairs ({pairs if isinstance(pairs, str) else 'by name'}), "
            f"the dataset {what}: {', '.join(names)}",
            "list both partners among the row's modalities, or change the model's pairs",
        )
    return found
