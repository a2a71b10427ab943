"""Options of datasets from the command line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmark.analysis.captions import changed as set_by_hand
from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.schema import Manifest
from benchmark.manifest.selection import Request

Make = Callable[..., Expansion]


@pytest.fixture
def make(load: Callable[[str], Manifest], good: str, context: DataContext) -> Make:
    """Expand the good manifest with assignments of ``--set``."""

    def expand_text(**overrides: str) -> Expansion:
        given = {path.replace("__", "."): text for path, text in overrides.items()}
        text = good.replace("  toy: {}", "  toy: {options: {size: 5}}")
        text += '  datasets: "ours: small"\n'
        return expand(load(text), Request(context=context, overrides=given))

    return expand_text


def size(found: Expansion) -> object:
    """Return the option as the runs have it; the release follows it."""
    (part,) = found.runs[0].spec.components
    assert part.data == f"toy-{part.loader.config['size']}"
    return part.loader.config["size"]


def test_an_option_beats_the_manifest_and_leaves_the_table(make: Make) -> None:
    assert size(make()) == 5
    changed = make(datasets__toy__size="7", training__epochs="2")
    assert size(changed) == 7
    assert changed.runs[-1].spec.strategy.config["epochs"] == 2
    assert set(set_by_hand(changed)) == {"datasets.toy.size=7", "training.epochs=2"}
    everywhere = {"datasets.*.size": "8"}
    assert size(make(**everywhere)) == 8


def test_what_is_not_there_is_told(make: Make) -> None:
    with pytest.raises(UnknownNameError, match="unknown dataset 'tyo'"):
        make(datasets__tyo__size="7")
    for path in ("datasets__toy__sise", "datasets__*__sise"):
        with pytest.raises(UsageError, match=r"no option 'sise'\ndid you mean 'size'"):
            make(**{path: "7"})
    with pytest.raises(UsageError, match="no option is named"):
        make(datasets__toy="7")
    with pytest.raises(UsageError, match="options of toy: size: must be a valid integer"):
        make(datasets__toy__size="large")
