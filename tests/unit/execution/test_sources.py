"""Which results were made by other source than is here now."""

from __future__ import annotations

import pytest

from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.execution import sources
from benchmark.execution.sources import checkpoint_key, is_stale, run_sources


@pytest.fixture
def spec() -> RunSpec:
    """A run of the suite's own parts."""
    return RunSpec(
        components=(
            ComponentSpec(
                dataset="wdbc",
                loader=Ref(name="wdbc"),
                modalities=("mean",),
                tasks=("diagnosis",),
                data="d",
            ),
        ),
        model=Ref(name="early_fusion"),
        encoders={"mean": Ref(name="mlp")},
        losses={"diagnosis": Ref(name="bce")},
        strategy=Ref(name="plain"),
        split=SplitSpec(folds=5),
    )


_now = sources._hash
PARTS = ("dataset wdbc", "model early_fusion", "encoder mlp", "loss bce", "strategy plain")


def test_every_part_of_a_run_is_recorded(spec: RunSpec) -> None:
    found = run_sources(spec)
    assert tuple(found) == PARTS
    assert len(set(found.values())) == len(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_a_change_of_any_part_is_seen(
    spec: RunSpec, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = {"provenance": {"sources": run_sources(spec)}}
    assert not is_stale(spec, result)
    monkeypatch.setattr(
        sources, "_hash", lambda kind, name: f"{kind.kind} {name}" == part or _now(kind, name)
    )
    assert is_stale(spec, result)


def test_what_was_not_recorded_is_not_stale(spec: RunSpec) -> None:
    assert not is_stale(spec, {"provenance": {}})
    recorded = {"model early_fusion": run_sources(spec)["model early_fusion"]}
    assert not is_stale(spec, {"provenance": {"sources": recorded}})
    assert is_stale(spec, {"provenance": {"sources": {**recorded, "loss bce": "another"}}})


def test_a_checkpoint_goes_with_the_code_that_wrote_it(
    spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = checkpoint_key(spec)
    assert checkpoint_key(spec) == before
    monkeypatch.setattr(sources, "_hash", lambda kind, name: f"{kind.kind} {name}")
    assert checkpoint_key(spec) != before
