"""Pickles that can hold nothing but arrays, numbers, texts and plain containers.

A pickle is a program. Here it may build tuples, lists, sets and dicts, and it may name the few
functions that numpy's arrays are pickled with; each of those is replaced by a class of this file
that only keeps what it is given, so that no code of numpy runs on what a file says. Everything
else a pickle may name is refused, and so is a file that gives a stand-in a state or keeps it.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import DataError

#: Numbers, truth values, bytes and texts of fixed length; objects are texts or numbers in a list.
_TYPE = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248]|[SU]\d+|O8?)")


def load_pickle(path: Path) -> Any:
    """Return what a pickle holds.

    Raises:
        DataError: It is missing, damaged, or names anything but numpy arrays.
    """
    try:
        with path.open("rb") as file:
            # Pickles of Python 2 keep arrays as texts, one character a byte: that is latin1.
            return _finished(_Reader(file, encoding="latin1").load())
    except FileNotFoundError:
        raise DataError(f"{path} is not there", "complete the release") from None
    except _Refused as error:
        raise DataError(
            f"{path} wants to load {error}, which is no plain data: it was not read",
            "take the file from its official source; never open it with pickle itself",
        ) from None
    # A damaged pickle fails in as many ways as there are opcodes.
    except Exception as error:
        raise DataError(f"{path} is no readable pickle: {error}", "fetch it again") from error


class _Refused(Exception):
    """A name that a pickle of plain data has no use for."""


class _Function:
    """A function that a pickle may call, and neither change nor keep."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *args: Any) -> Any:
        return self._call(*args)

    def __setstate__(self, state: Any) -> None:
        # A plain function would take over attributes, for as long as the program runs.
        raise _Refused("a function with a state")


class _Type:
    """A dtype as pickled: its name, then a state of which only the byte order counts."""

    def __init__(self, name: str, *_flags: Any) -> None:
        self._name, self._order = name, ""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        fields = state[2:5]
        if any(one is not None for one in fields):
            raise _Refused("an array of records")
        self._order = state[1] if state[1] in ("<", ">") else ""

    def dtype(self) -> np.dtype[Any]:
        """Return the type; _Refused if it is none of plain data."""
        if not isinstance(self._name, str) or not _TYPE.fullmatch(self._name):
            raise _Refused(f"an array of type {self._name!r}")
        return np.dtype(self._order + self._name.lstrip("<>|="))


class _Array:
    """An array as pickled: made empty, then given shape, type and bytes."""

    def __init__(self, *_args: Any) -> None:
        self._state: tuple[Any, ...] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._state = state[1:] if len(state) == 5 else state

    def array(self, done: dict[int, Any]) -> NDArray[Any]:
        """Return the array; ``done`` as in :func:`_finished`."""
        if self._state is None:
            raise _Refused("an array without content")
        shape, kind, fortran, data = self._state
        return _filled(tuple(shape), kind.dtype(), data, "F" if fortran else "C", done)


def _filled(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    data: Any,
    order: Any,
    done: dict[int, Any] | None = None,
) -> NDArray[Any]:
    if dtype.hasobject:
        if not isinstance(data, list):
            raise _Refused("objects given as bytes")
        flat = np.empty(len(data), dtype=object)
        flat[:] = [_finished(one, done) for one in data]
    else:
        raw = data.encode("latin1") if isinstance(data, str) else bytes(data)
        flat = np.frombuffer(raw, dtype=dtype).copy()
    return flat.reshape(shape, order=order)


def _scalar(kind: _Type, data: Any) -> Any:
    return _filled((), kind.dtype(), data, "C")[()]


def _buffer(data: Any, kind: _Type, shape: tuple[int, ...], order: str) -> NDArray[Any]:
    return _filled(tuple(shape), kind.dtype(), data, "F" if order == "F" else "C")


def _bytes(text: str, encoding: str) -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise _Refused(f"bytes in the encoding {encoding!r}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


_NAMES: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _Array,
    ("_codecs", "encode"): _Function(_bytes),
    ("__builtin__", "bytes"): _Function(_no_bytes),
    ("__builtin__", "set"): set,
    ("builtins", "set"): set,
    **{
        (f"numpy.{core}.{module}", name): stand_in
        for core in ("core", "_core")
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", _Array),
            ("multiarray", "scalar", _Function(_scalar)),
            ("numeric", "_frombuffer", _Function(_buffer)),
        )
    },
}


class _Reader(pickle.Unpickler):
    """Gives stand-ins for numpy's names and refuses all others."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in of a name."""
        if (module, name) not in _NAMES:
            raise _Refused(f"{module}.{name}")
        return _NAMES[module, name]


#: What needs no further look.
_PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray, np.generic, np.ndarray)


def _finished(value: Any, done: dict[int, Any] | None = None) -> Any:
    """Replace arrays as pickled by arrays.

    Args:
        value: As the pickle built it.
        done: Results by identity: what stands in several places is looked at once, for lists of
            lists of one list would take time without end.
    """
    if isinstance(value, _PLAIN):
        return value
    done = {} if done is None else done
    if id(value) not in done:
        done[id(value)] = _converted(value, done)
    return done[id(value)]


def _converted(value: Any, done: dict[int, Any]) -> Any:
    if isinstance(value, _Array):
        return value.array(done)
    if isinstance(value, _Type):
        return value.dtype()
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(_finished(one, done) for one in value)
    if type(value) is dict:
        return {_finished(key, done): _finished(one, done) for key, one in value.items()}
    raise _Refused("a name by itself" if callable(value) else f"a {type(value).__name__}")
