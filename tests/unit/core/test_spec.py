"""The fingerprint: every field that can change a number changes it, nothing else does."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from benchmark.core.spec import MissingSpec, Ref, RunSpec, SplitSpec, canonical_json


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all scalars of a nested JSON value."""
    if isinstance(value, dict):
        return [leaf for key, one in value.items() for leaf in leaves(one, (*path, key))]
    if isinstance(value, list):
        return [leaf for i, one in enumerate(value) for leaf in leaves(one, (*path, i))]
    return [path]


def changed(value: Any) -> Any:
    """Another valid value of the same type, for the fields of a spec."""
    other = {"train": "measure", "kfold": "ratio", "test": "train", "val": "train"}
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return other.get(value, f"{value}x") if value else "x"


def set_at(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    copy = json.loads(json.dumps(value))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return copy


def test_every_leaf_changes_the_fingerprint(spec: RunSpec) -> None:
    body = spec.model_dump(mode="json")
    seen = {spec.fingerprint}
    paths = leaves(body)
    assert len(paths) > 35
    for path in paths:
        old = body
        for key in path:
            old = old[key]
        new = "train" if path[:2] == ("missing", "parts") and old != "train" else changed(old)
        if path == ("missing", "parts", 0):
            new = "val"
        fingerprint = RunSpec.parse(set_at(body, path, new)).fingerprint
        assert fingerprint not in seen, path
        seen.add(fingerprint)


def test_round_trip_and_key_order_keep_the_fingerprint(spec: RunSpec) -> None:
    body = spec.model_dump(mode="json")
    backwards = dict(reversed(list(body.items())))
    assert RunSpec.parse(body) == spec
    assert RunSpec.parse(backwards).fingerprint == spec.fingerprint
    assert len(spec.fingerprint) == 32


def test_modality_order_is_part_of_the_fingerprint(spec: RunSpec) -> None:
    swapped = set_at(spec.model_dump(mode="json"), ("components", 0, "modalities", 0), "worst")
    swapped = set_at(swapped, ("components", 0, "modalities", 1), "mean")
    assert RunSpec.parse(swapped).fingerprint != spec.fingerprint


def test_the_fingerprint_is_the_same_in_another_process(spec: RunSpec) -> None:
    code = (
        "import sys; from benchmark.core.spec import RunSpec; "
        "print(RunSpec.model_validate_json(sys.stdin.read()).fingerprint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=spec.model_dump_json(),
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "99"},
    )
    assert done.stdout.strip() == spec.fingerprint


def test_the_fingerprint_is_that_of_earlier_versions(spec: RunSpec) -> None:
    before = spec.model_copy(update={"analysis": None, "change": None, "device": ""})
    assert before.fingerprint == "5319dc34f4771b7c1ac075c1443c5559"


def test_a_changed_copy_has_a_name_of_its_own(spec: RunSpec) -> None:
    name = spec.fingerprint
    assert spec.model_copy(update={"seed": 99}).fingerprint != name
    assert spec.model_copy().fingerprint == name


def test_a_field_added_later_keeps_the_names_of_stored_runs(spec: RunSpec) -> None:
    class Later(RunSpec):
        precision: str = "fp32"

    body = spec.model_dump(mode="json")
    assert Later.parse(body).fingerprint == spec.fingerprint
    assert Later.parse({**body, "precision": "bf16"}).fingerprint != spec.fingerprint


def test_unknown_and_coerced_fields_are_refused(spec: RunSpec) -> None:
    body = spec.model_dump(mode="json")
    with pytest.raises(ValidationError, match="Extra inputs"):
        RunSpec.parse({**body, "machine": "cpu"})
    with pytest.raises(ValidationError, match="valid integer"):
        RunSpec.parse({**body, "seed": True})
    with pytest.raises(ValidationError, match="valid integer"):
        RunSpec.parse({**body, "seed": "1"})


def test_canonical_json_refuses_what_json_cannot_say() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"lr": float("nan")})
    assert canonical_json({"b": 1, "a": [1.0, None]}) == '{"a":[1.0,null],"b":1}'


def test_a_ref_is_immutable() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Ref(name="mlp").name = "patch"  # type: ignore[misc]


def test_defaults_never_change() -> None:
    """They are left out of the fingerprint: another default would give old names new meanings."""
    least = RunSpec(components=(), model=Ref(name="m"), strategy=Ref(name="s"), split=SplitSpec())
    assert least.model_dump(mode="json") == {
        "kind": "train",
        "components": [],
        "model": {"name": "m", "config": {}, "version": 1, "source": ""},
        "encoders": {},
        "losses": {},
        "strategy": {"name": "s", "config": {}, "version": 1, "source": ""},
        "split": {
            "kind": "kfold",
            "folds": 1,
            "fold": 0,
            "fractions": [0.7, 0.15, 0.15],
            "val_fraction": 0.125,
            "stratify": None,
            "seed": 0,
            "digest": "",
        },
        "missing": None,
        "seed": 0,
        "scenario": "clean",
        "parents": [],
        "weights": {},
        "threads": 1,
        "analysis": None,
        "change": None,
        "device": "",
    }
    missing = MissingSpec(rates={})
    assert (missing.parts, missing.seed, missing.keep_one) == (("train", "val", "test"), 0, True)
