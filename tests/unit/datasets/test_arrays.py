"""Arrays filled by several processes, resumed after a kill, and the folders they lie in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.core.errors import DataError, StoreError
from benchmark.core.paths import Paths
from benchmark.datasets import _arrays, _pool
from benchmark.datasets._arrays import (
    Decode,
    Filling,
    Indexed,
    broken_items,
    fill,
    open_array,
    readable,
)
from benchmark.datasets._base import AttritionStep, DataContext
from benchmark.datasets._prepared import (
    make_once,
    part_of,
    prepared_folder,
    read_attrition,
    write_attrition,
)

SHAPE = (2, 3)


def decode(item: tuple[str, int]) -> NDArray[np.uint8]:
    """Give values that depend on the item; note each call in a file."""
    folder, number = item
    with Path(folder, "calls").open("a") as calls:
        calls.write(f"{number}\n")
    if Path(folder, f"broken-{number}").exists():
        raise DataError(f"item {number} is damaged", "fetch it again")
    if Path(folder, f"odd-{number}").exists():
        raise KeyError("PixelData")
    return np.full(SHAPE, number, np.uint8)


def slowly(item: tuple[str, int]) -> NDArray[np.uint8]:
    """Decode so that a test can kill in between."""
    time.sleep(0.02)
    return decode(item)


def dies(item: tuple[str, int]) -> NDArray[np.uint8]:
    """Take the process down, as the kernel does for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    return decode(item)


def wrong_shape(item: tuple[str, int]) -> NDArray[np.uint8]:
    """Give what does not fit."""
    return np.zeros((3, 2), np.uint8)


def filling(folder: Path, count: int = 10, decode: Decode = decode, chunk: int = 3) -> Filling:
    """An array of ``count`` items."""
    numbers = range(count)
    return Filling(
        name="images",
        shape=SHAPE,
        dtype="uint8",
        items=[(str(folder), one) for one in numbers],
        labels=[f"p{one}.dcm" for one in numbers],
        decode=decode,
        chunk=chunk,
    )


def calls(folder: Path) -> list[int]:
    """Items decoded so far."""
    path = folder / "calls"
    return [int(one) for one in path.read_text().split()] if path.exists() else []


@pytest.mark.parametrize("jobs", [1, 2])
def test_filled_in_any_number_of_processes(tmp_path: Path, jobs: int) -> None:
    said: list[tuple[str, int, int]] = []
    ok = fill(tmp_path, filling(tmp_path), jobs, progress=lambda *one: said.append(one))
    assert ok.all()
    assert (said[0], said[-1]) == (("images", 0, 10), ("images", 10, 10))
    array = open_array(tmp_path, "images")
    np.testing.assert_array_equal(array, np.arange(10)[:, None, None] * np.ones(SHAPE))
    assert array.dtype == np.uint8
    assert not array.flags.writeable


def test_nothing_to_fill(tmp_path: Path) -> None:
    assert fill(tmp_path, filling(tmp_path, 0)).shape == (0,)
    assert open_array(tmp_path, "images").shape == (0, *SHAPE)


def test_broken_items_are_named_and_the_rest_is_done(tmp_path: Path) -> None:
    for name in ("broken-2", "broken-7", "odd-5"):
        (tmp_path / name).touch()
    with pytest.raises(DataError) as caught:
        fill(tmp_path, filling(tmp_path))
    for text in ("3 of 10 images", "p2.dcm: item 2 is damaged", "p5.dcm: KeyError: 'PixelData'"):
        assert text in caught.value.message
    assert "--skip-broken" in caught.value.hint
    done = set(calls(tmp_path))
    (tmp_path / "broken-2").unlink()
    with pytest.raises(DataError, match="2 of 10 images"):
        fill(tmp_path, filling(tmp_path))
    assert sorted(calls(tmp_path)[len(done) :]) == [2, 5, 7]
    ok = fill(tmp_path, filling(tmp_path), skip_broken=True)
    assert np.flatnonzero(~ok).tolist() == [5, 7]
    np.testing.assert_array_equal(readable(tmp_path, "images"), ok)
    assert list(broken_items(tmp_path, "images")) == ["p5.dcm", "p7.dcm"]
    assert not open_array(tmp_path, "images")[5].any()
    for name in ("broken-7", "odd-5"):
        (tmp_path / name).unlink()
    assert fill(tmp_path, filling(tmp_path)).all()
    assert broken_items(tmp_path, "images") == {}


def test_many_broken_items_are_not_all_listed(tmp_path: Path) -> None:
    for one in range(12):
        (tmp_path / f"broken-{one}").touch()
    with pytest.raises(DataError, match=r"12 of 12 .*\n(.*\n){10}and 2 more"):
        fill(tmp_path, filling(tmp_path, 12))


def test_another_list_of_items_starts_again(tmp_path: Path) -> None:
    fill(tmp_path, filling(tmp_path, 4))
    fill(tmp_path, filling(tmp_path, 5))
    assert open_array(tmp_path, "images")[:, 0, 0].tolist() == [0, 1, 2, 3, 4]
    assert len(calls(tmp_path)) == 9


def test_values_that_do_not_fit_are_an_error_of_the_loader(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"shape \(3, 2\) instead of uint8 of shape \(2, 3\)"):
        fill(tmp_path, filling(tmp_path, decode=wrong_shape))


def test_a_process_killed_for_want_of_memory(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="was killed, perhaps for want of memory") as caught:
        fill(tmp_path, filling(tmp_path, decode=dies), jobs=2)
    assert "-j 1" in caught.value.hint


def test_a_full_disk_is_told_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_arrays, "_RESERVE", 10**18)
    with pytest.raises(StoreError, match=r"images needs 0\.0 GB, .* GB free"):
        fill(tmp_path, filling(tmp_path))


def test_chunks_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def chunks() -> object:
        for one in range(100):
            taken.append(one)
            yield one

    results = _pool.run_chunks(abs, chunks(), jobs=2)  # type: ignore[arg-type,var-annotated]
    next(results)
    assert len(taken) < 10
    results.close()  # type: ignore[attr-defined]


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_arrays import *
if __name__ == "__main__":
    folder, jobs = Path({folder!r}), int(sys.argv[1])
    context = DataContext(Paths(cache=folder / "cache"))
    place = prepared_folder("toy", "hash", dict(), 1, context)
    make_once(place, lambda part: fill(part, filling(folder, 60, slowly), jobs), context)
"""


def _script(tmp_path: Path) -> Path:
    script = tmp_path / "prepare.py"
    script.write_text(KILLED.format(tests=str(Path(__file__).parent), folder=str(tmp_path)))
    return script


def _context(tmp_path: Path) -> DataContext:
    return DataContext(Paths(cache=tmp_path / "cache"))


@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_in_the_middle_it_goes_on(tmp_path: Path, jobs: int) -> None:
    script, context = _script(tmp_path), _context(tmp_path)
    place = prepared_folder("toy", "hash", {}, 1, context)
    process = subprocess.Popen([sys.executable, str(script), str(jobs)])
    deadline = time.monotonic() + 60
    while len(calls(tmp_path)) < 12:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not place.exists()
    assert part_of(place).is_dir()
    # Its own processes must end with it: none may write once the next one has begun.
    quiet = len(calls(tmp_path))
    while quiet < (now := len(calls(tmp_path))) or not _settled(tmp_path):
        quiet = now
    before = np.load(part_of(place) / "done-images.npy").sum()
    assert 0 < before < 60
    make_once(place, lambda part: fill(part, filling(tmp_path, 60)), context)
    assert len(calls(tmp_path)) - quiet == 60 - before
    assert open_array(place, "images")[:, 0, 0].tolist() == list(range(60))
    assert not part_of(place).exists()


def _settled(folder: Path) -> bool:
    count = len(calls(folder))
    time.sleep(0.2)
    return len(calls(folder)) == count


def test_two_processes_at_once_do_the_work_once(tmp_path: Path) -> None:
    script, context = _script(tmp_path), _context(tmp_path)
    both = [subprocess.Popen([sys.executable, str(script), "1"]) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert sorted(calls(tmp_path)) == list(range(60))
    assert prepared_folder("toy", "hash", {}, 1, context).is_dir()


def test_a_prepared_folder_is_named_by_all_that_shapes_it(tmp_path: Path) -> None:
    context = _context(tmp_path)
    names = {
        prepared_folder("toy", "hash", {"size": 64}, 1, context),
        prepared_folder("toy", "other", {"size": 64}, 1, context),
        prepared_folder("toy", "hash", {"size": 32}, 1, context),
        prepared_folder("toy", "hash", {"size": 64}, 2, context),
    }
    assert len(names) == 4


def test_made_once_and_left_alone_if_making_fails(tmp_path: Path) -> None:
    context = _context(tmp_path)
    place = prepared_folder("toy", "hash", {}, 1, context)

    def fails(part: Path) -> None:
        (part / "half").touch()
        raise DataError("no such column")

    with pytest.raises(DataError):
        make_once(place, fails, context)
    assert not place.exists()
    found: list[list[str]] = []
    for _ in range(2):
        make_once(place, lambda part: found.append([one.name for one in part.iterdir()]), context)
    assert found == [["half"]]


def test_attrition_is_written_down(tmp_path: Path) -> None:
    assert read_attrition(tmp_path) == ()
    steps = (AttritionStep("exams", 100), AttritionStep("screening", 90, 10, "diagnostic exams"))
    write_attrition(tmp_path, steps)
    assert read_attrition(tmp_path) == steps


def test_taking_rows_of_an_indexed_array() -> None:
    values = np.arange(12, dtype=np.uint8).reshape(3, 2, 2) + 1
    indexed = Indexed(values, np.array([2, -1, 0, 0]))
    found = indexed.take(np.array([3, 0, 1, 3]))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, [values[0], values[2], np.zeros((2, 2)), values[0]])
    assert indexed.take(np.zeros(0, np.int64)).shape == (0, 2, 2)
