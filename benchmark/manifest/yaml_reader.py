"""YAML in, plain values and the line of every key out; strict where YAML sets traps.

Scalars follow YAML 1.2 rather than what PyYAML does: ``1e-4`` is a number, ``no``, ``on``, ``1:30``
and ``2024-01-01`` are text. Refused with a line and a remedy, because readers disagree on them or
they hide what a file says: duplicate keys, keys that are not text, leading zeros (``012``), numbers
that are not finite, tags, anchors, aliases, merge keys (``<<``) and several documents in one file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from benchmark.core.errors import ManifestError

KeyPath = tuple[str | int, ...]

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(frozen=True)
class Document:
    """A YAML file's content.

    Attributes:
        value: Mappings, lists and scalars.
        lines: Line (from 1) of every key and list item by its path; ``()`` is the whole document.
        problems: ``file:line: key.path: text`` of everything refused; empty from :func:`read_yaml`.
        file: Name of the file for messages.
        files: Name of the file by path where a document is made of several.
    """

    value: Any
    lines: dict[KeyPath, int]
    problems: tuple[str, ...] = ()
    file: str = ""
    files: dict[KeyPath, str] = field(default_factory=dict)

    def line(self, path: KeyPath) -> int:
        """Return the line of ``path`` or of what encloses it most closely."""
        return self.lines.get(self._closest(path), 1)

    def place(self, path: KeyPath) -> tuple[str, int]:
        """Return file and line of ``path`` or of what encloses it most closely."""
        return self.files.get(self._closest(path), self.file), self.line(path)

    def with_problem(self, path: KeyPath, text: str) -> Document:
        """Return the document with one more problem."""
        file, line = self.place(path)
        problem = f"{file}:{line}: {dotted(path)}: {text}"
        return replace(self, problems=(*self.problems, problem))

    def _closest(self, path: KeyPath) -> KeyPath:
        ends = range(len(path), -1, -1)
        return next((path[:end] for end in ends if path[:end] in self.lines), ())


def read_yaml(path: Path) -> Document:
    """Read one YAML file.

    Raises:
        ManifestError: The file is missing, empty, not UTF-8, no YAML, or falls into a trap; each
            problem reads ``file:line: ...`` and names the remedy.
    """
    document = parse_yaml(read_text(path), str(path))
    if document.problems:
        raise ManifestError(document.problems)
    return document


def read_text(path: Path) -> str:
    """Return the text of a file; ManifestError if it is missing, unreadable or not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ManifestError([f"{path}:1: there is no such file"]) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ManifestError([f"{path}:{line}: not UTF-8 text; save the file as UTF-8"]) from None
    except OSError as error:
        raise ManifestError([f"{path}:1: cannot be read: {error.strerror}"]) from None


def parse_yaml(text: str, file: str) -> Document:
    """Read YAML text, going on after problems that leave the structure clear.

    Args:
        text: The document.
        file: Name for messages.

    Raises:
        ManifestError: Empty text, or a syntax error.
    """
    reader = _Reader(file)
    try:
        value = reader.document(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        raise ManifestError([_syntax(error, file)]) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        message = f"the character {chr(int(error.character))!r} is not allowed in YAML; remove it"
        raise ManifestError([f"{file}:{line}: {message}"]) from None
    return Document(value, reader.lines, tuple(reader.problems), file)


def parse_scalar(text: str) -> Any:
    """Read an unquoted scalar as a YAML file would: ``1e-4``, ``true``, ``null``, ``[1, 2]``, text.

    Raises:
        ValueError: A number with a leading zero or one that is not finite.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return _integer(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a finite number; quote it if text is meant")
    return _decimal(text) if _FLOAT.fullmatch(text) else text


def dotted(path: KeyPath) -> str:
    """Write a path for people: ``rows.2.label``."""
    return ".".join(str(part) for part in path)


@dataclass
class _Reader:
    """Turns parser events into values; notes lines and problems on the way."""

    file: str
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def document(self, events: Iterator[yaml.Event]) -> Any:
        """Consume all events of one document."""
        next(events)  # start of the stream
        if isinstance(next(events), yaml.StreamEndEvent):
            raise ManifestError([f"{self.file}:1: the file is empty"])
        first = next(events)
        self.lines[()] = _line(first)
        value = self.node(first, events, ())
        next(events)  # end of the document
        further = next(events)
        if not isinstance(further, yaml.StreamEndEvent):
            self.note(further, (), "a second document; keep one table per file, without '---'")
        return value

    def node(self, event: yaml.Event, events: Iterator[yaml.Event], path: KeyPath) -> Any:
        """Return the value that starts with ``event``."""
        if isinstance(event, yaml.AliasEvent):
            self.note(event, path, f"alias *{event.anchor}; write the value out")
            return None
        self.check_node(event, path)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(events, path)
        assert isinstance(event, yaml.ScalarEvent)
        return self.scalar(event, path)

    def check_node(self, event: Any, path: KeyPath) -> None:
        """Note tags and anchors."""
        if event.anchor is not None:
            self.note(event, path, f"anchor &{event.anchor}; remove it, aliases are not supported")
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.note(event, path, f"tag {tag}; remove it, quotes make text of a number")

    def mapping(self, events: Iterator[yaml.Event], path: KeyPath) -> dict[str, Any]:
        """Return a mapping; of duplicate keys the first counts."""
        found: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self.key(event, events, path)
            here = (*path, key)
            if key in found:
                first = self.lines[here]
                self.note(event, path, f"duplicate key {key!r}, first on line {first}; keep one")
                _Reader(self.file).node(next(events), events, here)
                continue
            self.lines[here] = _line(event)
            found[key] = self.node(next(events), events, here)
        return found

    def key(self, event: yaml.Event, events: Iterator[yaml.Event], path: KeyPath) -> str:
        """Return a key as text; note keys that are something else."""
        if not isinstance(event, yaml.ScalarEvent):
            self.note(event, path, "a key must be text, not a list, a mapping or an alias")
            return repr(_Reader(self.file).node(event, events, path))
        self.check_node(event, path)
        text = str(event.value)
        if event.implicit[0] and text == "<<":
            self.note(event, path, "merge key '<<'; write the keys out")
        elif event.implicit[0] and not self.is_text(text):
            self.note(event, path, f"the key {text} is not text; write '{text}' in quotes")
        return text

    def sequence(self, events: Iterator[yaml.Event], path: KeyPath) -> list[Any]:
        """Return a list."""
        found: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            here = (*path, len(found))
            self.lines[here] = _line(event)
            found.append(self.node(event, events, here))
        return found

    def scalar(self, event: yaml.ScalarEvent, path: KeyPath) -> Any:
        """Return a scalar; quoted ones are text."""
        if not event.implicit[0]:
            return event.value
        try:
            return parse_scalar(event.value)
        except ValueError as error:
            self.note(event, path, str(error))
            return None

    def is_text(self, text: str) -> bool:
        """Tell whether an unquoted key is text."""
        try:
            return isinstance(parse_scalar(text), str)
        except ValueError:
            return False

    def note(self, event: yaml.Event, path: KeyPath, text: str) -> None:
        """Remember a problem."""
        where = f"{dotted(path)}: " if path else ""
        self.problems.append(f"{self.file}:{_line(event)}: {where}{text}")


def _line(event: yaml.Event) -> int:
    mark: Any = event.start_mark
    return int(mark.line) + 1


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits.startswith("0"):
        plain = int(text)
        raise ValueError(f"{text} has a leading zero; write {plain}, or '{text}' for text")
    return int(text)


def _decimal(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number; quote it if text is meant")
    return value


def _syntax(error: yaml.MarkedYAMLError, file: str) -> str:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = error.problem or error.context or "not YAML"
    if "'\\t'" in problem:
        problem = "a tab; indent with spaces"
    return f"{file}:{line}: {problem}"
