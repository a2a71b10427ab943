"""Problems of a manifest by path, and pydantic's errors in the words of this suite."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError

from benchmark.core.errors import suggestion
from benchmark.manifest.yaml_reader import KeyPath

#: What pydantic says, and how people who write YAML would say it.
_WORDS = (
    (re.compile(r"^(?:Input|String) should"), "must"),
    (re.compile(r"^\w+ should have at least 1 item .*"), "must not be empty"),
    (re.compile(r"^\w+ should have at (least|most) (\d+) items? .*"), r"must have at \1 \2 items"),
    (re.compile(r"^must be an object$"), "must be a mapping"),
    (re.compile(r"^must be a valid array$"), "must be a list"),
    (re.compile(r"^must be a valid string$"), "must be text"),
    (re.compile(r"^must be a valid boolean$"), "must be true or false"),
)


class Issue(NamedTuple):
    """Something wrong at a path of a document or of a row's settings."""

    path: KeyPath
    text: str

    def under(self, prefix: KeyPath) -> Issue:
        """Return the same with a longer path."""
        return Issue((*prefix, *self.path), self.text)


def parse(cls: type[Any], given: Any, issues: list[Issue], prefix: KeyPath = ()) -> Any:
    """Return ``cls.parse(given)``, or None after noting every problem.

    Args:
        cls: A pydantic record of this suite.
        given: Plain values.
        issues: Takes the problems.
        prefix: Where ``given`` stands.
    """
    if not isinstance(given, Mapping):
        issues.append(Issue(prefix, f"must be a mapping, not {given!r}"))
        return None
    try:
        return cls.parse(given)
    except ValidationError as error:
        issues.extend(issue.under(prefix) for issue in explain(error, cls, given))
        return None


def explain(error: ValidationError, cls: type[Any], given: Any) -> list[Issue]:
    """Return one issue per wrong value; the alternatives of a union are joined by "or"."""
    texts: dict[KeyPath, list[str]] = {}
    for one in error.errors():
        path = _inside(tuple(one["loc"]), given, missing=one["type"] == "missing")
        text = _text(one, cls, path)
        if text not in texts.setdefault(path, []):
            texts[path].append(text)
    return [Issue(path, _join(found, given, path)) for path, found in texts.items()]


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return ``unknown model 'x' (did you mean 'y'?)``."""
    return f"unknown {kind} {name!r} ({suggestion(name, sorted(set(known)))})"


def _inside(loc: KeyPath, given: Any, missing: bool) -> KeyPath:
    """Cut off what pydantic adds to say which alternative of a union it tried."""
    value = given
    for depth, part in enumerate(loc):
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return loc[: depth + 1] if missing else loc[:depth]
    return loc


def _text(one: Any, cls: type[Any], path: KeyPath) -> str:
    if one["type"] == "missing":
        return "is missing"
    if one["type"] == "extra_forbidden":
        fields = _fields(cls, path[:-1])
        return f"unknown key ({suggestion(str(path[-1]), fields)})"
    text = str(one["msg"]).removeprefix("Value error, ")
    for theirs, ours in _WORDS:
        text = theirs.sub(ours, text)
    return f"the key {text}" if one["loc"][-1] == "[key]" else text


def _join(texts: list[str], given: Any, path: KeyPath) -> str:
    if not texts[0].startswith("must"):
        return "; ".join(texts)
    text = " or ".join([texts[0], *(one.removeprefix("must be ") for one in texts[1:])])
    value = given
    for part in path:
        value = value[part]
    return f"{text}, not {list(value) if isinstance(value, tuple) else value!r}"


def _fields(cls: type[Any], path: KeyPath) -> list[str]:
    """Return the keys that the record at ``path`` below ``cls`` takes."""
    record: Any = cls
    for part in path:
        if isinstance(part, int):
            continue
        fields = getattr(record, "model_fields", {})
        record = _record_in(fields[part].annotation) if part in fields else record
    return list(getattr(record, "model_fields", {}))


def _record_in(annotation: Any) -> Any:
    """Return the pydantic class inside ``tuple[Row, ...]`` or ``dict[str, Row]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _record_in(arg))), None)
