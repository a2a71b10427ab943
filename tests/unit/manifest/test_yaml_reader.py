"""YAML traps, each with its line and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.core.errors import ManifestError
from benchmark.manifest.yaml_reader import parse_scalar, parse_yaml, read_yaml


def _value(text: str) -> Any:
    document = parse_yaml(text, "f.yaml")
    assert document.problems == ()
    return document.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("-2.", -2.0),
        ("12", 12),
        ("-3", -3),
        ("+3", 3),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("0b11", "0b11"),
        ("e5", "e5"),
        (".", "."),
        ("'012'", "012"),
        ('"1e-4"', "1e-4"),
        ("'null'", "null"),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: Any) -> None:
    found = _value(f"a: {text}\n")["a"]
    assert found == value
    assert type(found) is type(value)


def test_lists_and_mappings_nest_with_lines() -> None:
    document = parse_yaml("a:\n  - x: 1\n    y: [2, 3]\n  - {z: 4}\nb: text\n", "f.yaml")
    assert document.value == {"a": [{"x": 1, "y": [2, 3]}, {"z": 4}], "b": "text"}
    assert document.lines == {
        (): 1,
        ("a",): 1,
        ("a", 0): 2,
        ("a", 0, "x"): 2,
        ("a", 0, "y"): 3,
        ("a", 0, "y", 0): 3,
        ("a", 0, "y", 1): 3,
        ("a", 1): 4,
        ("a", 1, "z"): 4,
        ("b",): 5,
    }
    assert document.line(("a", 1, "missing", "deeper")) == 4


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a: 1\nb: 2\na: 3\n", ["f.yaml:3: duplicate key 'a', first on line 1; keep one"]),
        (
            "r:\n  - k: 1\n    k: {x: 1}\n",
            ["f.yaml:3: r.0: duplicate key 'k', first on line 2; keep one"],
        ),
        (
            "a: 012\n",
            ["f.yaml:1: a: 012 has a leading zero; write 12, or '012' for text"],
        ),
        ("a: .inf\n", ["f.yaml:1: a: .inf is not a finite number; quote it if text is meant"]),
        ("a: .nan\n", ["f.yaml:1: a: .nan is not a finite number; quote it if text is meant"]),
        ("a: 1e999\n", ["f.yaml:1: a: 1e999 is not a finite number; quote it if text is meant"]),
        (
            "a: &x {b: 1}\nc: *x\n",
            [
                "f.yaml:1: a: anchor &x; remove it, aliases are not supported",
                "f.yaml:2: c: alias *x; write the value out",
            ],
        ),
        (
            "a: {b: 1}\nc:\n  <<: {b: 2}\n",
            ["f.yaml:3: c: merge key '<<'; write the keys out"],
        ),
        ("a: !!str 12\n", ["f.yaml:1: a: tag !!str; remove it, quotes make text of a number"]),
        ("a: !thing x\n", ["f.yaml:1: a: tag !thing; remove it, quotes make text of a number"]),
        ("5: a\n", ["f.yaml:1: the key 5 is not text; write '5' in quotes"]),
        ("a:\n  true: b\n", ["f.yaml:2: a: the key true is not text; write 'true' in quotes"]),
        ("? [a, b]\n: c\n", ["f.yaml:1: a key must be text, not a list, a mapping or an alias"]),
        (
            "a: 1\n---\nb: 2\n",
            ["f.yaml:2: a second document; keep one table per file, without '---'"],
        ),
    ],
)
def test_traps_are_named_with_their_line(text: str, problems: list[str]) -> None:
    assert list(parse_yaml(text, "f.yaml").problems) == problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "f.yaml:1: the file is empty"),
        ("# only a comment\n", "f.yaml:1: the file is empty"),
        ("a:\n\tb: 1\n", "f.yaml:2: a tab; indent with spaces"),
        ("a: [1, 2\n", "f.yaml:2: expected ',' or ']', but got '<stream end>'"),
        ("a: b: c\n", "f.yaml:1: mapping values are not allowed here"),
        ("a: 1\nb: \x07\n", "f.yaml:2: the character '\\x07' is not allowed in YAML; remove it"),
    ],
)
def test_what_is_no_yaml_is_an_error(text: str, problem: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse_yaml(text, "f.yaml")
    assert list(caught.value.problems) == [problem]


def test_all_traps_of_a_file_are_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("a: 012\nb: !x 1\nb: 2\n")
    with pytest.raises(ManifestError) as caught:
        read_yaml(path)
    assert [one.split(":")[1] for one in caught.value.problems] == ["1", "2", "3"]
    assert caught.value.exit_code == 4


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"gone\.yaml:1: there is no such file"):
        read_yaml(tmp_path / "gone.yaml")
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("a: 1\nb: é\n".encode("latin-1"))
    with pytest.raises(ManifestError, match=r"latin\.yaml:2: not UTF-8 text; save the file as"):
        read_yaml(latin)
    with pytest.raises(ManifestError, match=r":1: cannot be read: "):
        read_yaml(tmp_path)


def test_byte_order_mark_and_windows_lines_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: x\r\n")
    assert read_yaml(path).value == {"a": 1, "b": "x"}


def test_scalars_of_the_command_line() -> None:
    assert parse_scalar("1e-4") == 1e-4
    with pytest.raises(ValueError, match="leading zero"):
        parse_scalar("-007")
