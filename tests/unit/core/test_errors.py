"""Messages name the thing and the remedy; exceptions map to statuses."""

from __future__ import annotations

import pytest

from benchmark.core.errors import (
    DivergedError,
    ManifestError,
    UnknownNameError,
    UsageError,
    status_of,
    suggestion,
)


def test_suggestion_prefers_near_misses() -> None:
    assert suggestion("erly_fusion", ["early_fusion", "prior"]) == "did you mean 'early_fusion'?"
    assert suggestion("zzz", ["a", "b"]) == "known: a, b"
    assert suggestion("zzz", []) == "there are none"
    assert suggestion("zzz", [f"n{i:02}" for i in range(25)]).endswith("n19 and 5 more")


def test_unknown_name_is_a_usage_error_with_a_hint() -> None:
    error = UnknownNameError("model", "priors", ["prior"])
    assert isinstance(error, UsageError)
    assert str(error) == "unknown model 'priors'\ndid you mean 'prior'?"
    assert error.exit_code == 2


def test_a_manifest_error_shows_every_problem() -> None:
    error = ManifestError(["a.yaml:1: x", "a.yaml:2: y"])
    assert str(error) == "a.yaml:1: x\na.yaml:2: y"
    assert error.exit_code == 4


class OutOfMemoryError(RuntimeError):
    """Stands for torch.cuda.OutOfMemoryError, told by name."""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DivergedError("loss is nan"), "diverged"),
        (MemoryError(), "oom"),
        (OutOfMemoryError("CUDA"), "oom"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ..."), "oom"),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), "error"),
        (ValueError("not enough memory"), "error"),
    ],
)
def test_status_of(error: Exception, status: str) -> None:
    assert status_of(error) == status
