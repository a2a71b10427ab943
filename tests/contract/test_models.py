"""What holds for every registered torch model; ``mmbench check`` makes the same checks."""

from __future__ import annotations

import pytest

from benchmark.checks._base import Check
from benchmark.checks.models import CHECKS, ModelSubject
from benchmark.models import MODELS

NAMES = [name for name in MODELS if MODELS.entry(name).family == "model"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name.replace(" ", "_"))
def test_model(check: Check[ModelSubject], name: str) -> None:
    check.run(ModelSubject(name))


@pytest.mark.parametrize("name", NAMES)
def test_docstring_tells_where_it_comes_from(name: str) -> None:
    module = MODELS.entry(name).target.partition(":")[0]
    text = __import__(module, fromlist=["_"]).__doc__
    assert [
        label for label in ("Paper:", "Stated", "Inferred", "Mended:") if label not in text
    ] == []
