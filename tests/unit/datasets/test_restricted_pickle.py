"""Pickles of plain data are read; everything that could run code is refused."""

from __future__ import annotations

import collections
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.core.errors import DataError
from benchmark.datasets._restricted_pickle import load_pickle


class Command:
    """Runs a command when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


def _read(tmp_path: Path, value: Any, protocol: int = 4) -> Any:
    path = tmp_path / "data.pkl"
    path.write_bytes(pickle.dumps(value, protocol))
    return load_pickle(path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(3, dtype=">i8"),
        np.array([True, False]),
        np.array(["a", "word"]),
        np.array([["a", "b"], ["c", "d"]], dtype=object),
        np.array([b"ab", b"c"]),
        np.array(2.5),
        np.zeros((0, 4)),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_come_back(tmp_path: Path, array: np.ndarray[Any, Any], protocol: int) -> None:
    back = _read(tmp_path, {"part": {"x": array}}, protocol)["part"]["x"]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert (back == array).all()
    assert back.flags.writeable


def test_containers_and_numbers_come_back(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None, True], "b": ("x", {"y": {3}}), "c": np.float32(1.5), 4: b"z"}
    back = _read(tmp_path, value)
    assert back == value
    assert type(back["b"]) is tuple
    assert type(back["c"]) is np.float32


def test_arrays_of_python_2_come_back(tmp_path: Path) -> None:
    """Their bytes are texts there: ``S`` opcodes with escapes."""
    body = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
        b"(I1\n(I2\ntcnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\n"
        b"S'\\x00\\x00\\x00\\x00\\x00\\x00\\xf8?\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xc0'\ntb."
    )
    (tmp_path / "old.pkl").write_bytes(body)
    assert load_pickle(tmp_path / "old.pkl").tolist() == [1.5, -2.0]


def test_code_is_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    with pytest.raises(DataError, match=r"(?s)data\.pkl wants to load (posix|nt)\.mkdir.*official"):
        _read(tmp_path, {"train": Command(folder)})
    assert not folder.exists()


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "os.system"),
        (b"c__builtin__\neval\n(S'1'\ntR.", "__builtin__.eval"),
        (b"cnumpy\nload\n(S'x'\ntR.", "numpy.load"),
        (b"cnumpy.f2py\ncompile\n(S'x'\ntR.", "numpy.f2py.compile"),
        (b"c_codecs\ndecode\n(S'x'\ntR.", "_codecs.decode"),
        (b"c_codecs\nencode\n(S'x'\nS'zip'\ntR.", "bytes in the encoding 'zip'"),
        (b"cnumpy\ndtype\n(S'V8'\ntR.", "type 'V8'"),
        (b"cnumpy\ndtype\n(S'M8[s]'\ntR.", "type 'M8"),
    ],
)
def test_names_are_refused(tmp_path: Path, body: bytes, name: str) -> None:
    (tmp_path / "data.pkl").write_bytes(body)
    with pytest.raises(DataError) as caught:
        load_pickle(tmp_path / "data.pkl")
    assert name in str(caught.value)


@pytest.mark.parametrize(
    "state",
    [b"}X\x01\x00\x00\x00aK\x01s", b"N}X\x0c\x00\x00\x00__defaults__K\x01\x85s\x86"],
    ids=["dict", "slots"],
)
@pytest.mark.parametrize(
    "name",
    [
        b"_codecs\nencode",
        b"numpy.core.multiarray\nscalar",
        b"numpy.core.numeric\n_frombuffer",
        b"__builtin__\nbytes",
    ],
)
def test_stand_ins_take_no_state(tmp_path: Path, name: bytes, state: bytes) -> None:
    """``BUILD`` sets attributes of what it finds: they would outlive the file."""
    (tmp_path / "data.pkl").write_bytes(b"\x80\x02c" + name + b"\n" + state + b"b.")
    with pytest.raises(DataError, match="a function with a state"):
        load_pickle(tmp_path / "data.pkl")


@pytest.mark.parametrize("name", [b"numpy\nndarray", b"_codecs\nencode", b"builtins\nset"])
def test_names_alone_are_no_data(tmp_path: Path, name: bytes) -> None:
    (tmp_path / "data.pkl").write_bytes(b"\x80\x02](c" + name + b"\ne.")
    with pytest.raises(DataError, match="a name by itself"):
        load_pickle(tmp_path / "data.pkl")


def test_what_stands_in_many_places_is_looked_at_once(tmp_path: Path) -> None:
    """Sixty lists of two times the list before: 2^60 places."""
    value: Any = [np.arange(3)]
    for _ in range(60):
        value = [value, value]
    back = _read(tmp_path, value)
    for _ in range(60):
        assert back[0] is back[1]
        back = back[0]
    assert back[0].tolist() == [0, 1, 2]


def test_a_list_within_itself_is_refused(tmp_path: Path) -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(DataError, match="no readable pickle"):
        _read(tmp_path, value)


def test_other_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"collections\.OrderedDict"):
        _read(tmp_path, collections.OrderedDict(a=1))


def test_records_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="an array of records"):
        _read(tmp_path, np.zeros(2, dtype=[("a", "f8"), ("b", "O")]))


@pytest.mark.parametrize("body", [b"", b"hello", pickle.dumps({"a": np.zeros(4)})[:-20]])
def test_damaged_files_are_named(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "data.pkl").write_bytes(body)
    with pytest.raises(DataError, match=r"data\.pkl is no readable pickle"):
        load_pickle(tmp_path / "data.pkl")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.pkl is not there"):
        load_pickle(tmp_path / "data.pkl")
