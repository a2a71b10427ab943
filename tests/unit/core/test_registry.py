"""Lazy registries."""

from __future__ import annotations

import pytest

from benchmark.core.errors import UnknownNameError
from benchmark.core.registry import Entry, Registry


def test_names_are_sorted_and_loaded_on_use() -> None:
    registry = Registry("tool", {"b": Entry("json:dumps"), "a": Entry("no.such.module:x")})
    assert list(registry) == ["a", "b"]
    assert registry.load("b")([1]) == "[1]"
    with pytest.raises(ModuleNotFoundError):
        registry.load("a")


def test_unknown_and_taken_names() -> None:
    registry = Registry("tool", {"hammer": Entry("json:dumps")})
    with pytest.raises(UnknownNameError, match=r"unknown tool 'hamer'\ndid you mean 'hammer'\?"):
        registry.entry("hamer")
    with pytest.raises(ValueError, match="tool 'hammer' is already registered"):
        registry.add("hammer", Entry("json:loads"))
    registry.add("saw", Entry("json:loads"))
    assert "saw" in registry
    registry.remove("saw")
    assert "saw" not in registry
    with pytest.raises(UnknownNameError, match="unknown tool 'saw'"):
        registry.remove("saw")


def test_a_nested_attribute_is_found() -> None:
    registry = Registry("tool", {"up": Entry("builtins:str.upper")})
    assert registry.load("up")("a") == "A"


def test_a_ref_names_version_and_source() -> None:
    registry = Registry("tool", {"a": Entry("json:dumps", result_version=3, source="ab")})
    assert registry.ref("a", {"x": 1}).model_dump() == {
        "name": "a",
        "config": {"x": 1},
        "version": 3,
        "source": "ab",
    }
