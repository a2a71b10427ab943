"""What holds for every small registered encoder; ``mmbench check`` makes the same checks."""

from __future__ import annotations

import pytest

from benchmark.checks._base import Check
from benchmark.checks.encoders import CHECKS, EncoderSubject
from benchmark.models.encoders import ENCODERS

#: Image backbones are as large as published; tests of their own look at them.
NAMES = ["cnn3d", "event_transformer", "grid_transformer", "gru", "maxout", "mlp", "mtand",
         "patch", "text_vector"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name.replace(" ", "_"))
def test_encoder(check: Check[EncoderSubject], name: str) -> None:
    check.run(EncoderSubject(name))


def test_families_say_what_encoders_give() -> None:
    assert {ENCODERS.entry(name).family for name in ENCODERS} <= {"vector", "tokens", "any"}
