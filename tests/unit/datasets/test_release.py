"""Where a release is found, and what a generated one is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from benchmark.core import atomic
from benchmark.core.errors import DataNotAvailable, StoreError
from benchmark.core.paths import Paths
from benchmark.datasets import _release, synthetic
from benchmark.datasets._base import DataContext
from benchmark.datasets._release import (
    MARKER,
    Found,
    Recipe,
    ReleaseConfig,
    is_synthetic,
    locate,
    truth_folder,
)

Source = Literal["auto", "real", "partial", "synthetic"]
CODE = """
from pathlib import Path
GENERATOR_VERSION = 3
def write_release(root, truth, size, seed, **options):
    with (root.parent / "calls").open("a") as calls:
        calls.write("x")
    (root / "table.csv").write_text(f"{size} {seed} {options}")
    (truth / "factors.csv").write_text("1")
"""


@pytest.fixture(autouse=True)
def generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register a generator that counts how often it writes."""
    module = types.ModuleType("made_up_generator")
    exec(CODE, module.__dict__)
    monkeypatch.setitem(sys.modules, "made_up_generator", module)
    monkeypatch.setitem(synthetic.GENERATORS, "toy", "made_up_generator")


def find(
    tmp_path: Path,
    source: Source = "auto",
    data: Path | None = None,
    named: Path | None = None,
    partial: bool = True,
    options: Mapping[str, Any] | None = None,
    whole: bool = True,
) -> Found:
    """Locate the toy release."""
    releases = {} if named is None else {"toy": named}
    paths = Paths(cache=tmp_path / "cache", data=data, releases=releases)
    context = DataContext(paths, source, partial)
    return locate(
        "toy",
        ("Toy_Release", "toy"),
        ReleaseConfig.parse(options or {}),
        context,
        lambda root: ("real", "") if whole else ("partial", "3 files of 9"),
    )


def folder(path: Path) -> Path:
    """Make a folder."""
    path.mkdir(parents=True)
    return path


def test_a_named_folder_comes_before_the_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    second = folder(data / "toy")
    assert find(tmp_path, data=data).root == second
    first = folder(data / "Toy_Release")
    assert find(tmp_path, data=data).root == first
    found = find(tmp_path, data=data, named=folder(tmp_path / "mine"))
    assert (found.root, found.source, found.recipe) == (tmp_path / "mine", "real", None)
    assert found.fingerprint(lambda: "content") == "content"


def test_nothing_given_means_generated_and_nothing_is_written(tmp_path: Path) -> None:
    found = find(tmp_path, data=folder(tmp_path / "empty"))
    assert found.source == "synthetic"
    assert not found.is_there
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("source", "whole", "partial", "named", "gives"),
    [
        ("auto", True, True, False, "real"),
        ("auto", False, True, False, "partial"),
        ("auto", False, False, False, "synthetic"),
        ("auto", False, False, True, "partial"),
        ("partial", False, False, False, "partial"),
        ("synthetic", True, True, True, "synthetic"),
        ("real", False, True, True, "tell: --source partial"),
        ("partial", True, True, True, "tell: --source real"),
    ],
)
def test_source(
    tmp_path: Path, source: Source, whole: bool, partial: bool, named: bool, gives: str
) -> None:
    where = folder(tmp_path / "data" / "toy")
    given: dict[str, Any] = {"named": where} if named else {"data": tmp_path / "data"}

    def look() -> Found:
        return find(tmp_path, source, partial=partial, whole=whole, **given)

    if gives.startswith("tell: "):
        with pytest.raises(DataNotAvailable, match=f"no {source} form") as caught:
            look()
        assert gives.removeprefix("tell: ") in caught.value.hint
    else:
        assert look().source == gives


def test_what_is_not_here_names_folders_option_and_generator(tmp_path: Path) -> None:
    with pytest.raises(DataNotAvailable) as caught:
        find(tmp_path, "real", data=folder(tmp_path / "data"))
    assert f"'Toy_Release' or 'toy' in {tmp_path / 'data'}" in caught.value.message
    for part in ("--data toy=PATH", "--source auto or synthetic"):
        assert part in caught.value.hint
    with pytest.raises(DataNotAvailable, match="set MMBENCH_DATA"):
        find(tmp_path, "real")
    with pytest.raises(DataNotAvailable, match="there is no such folder"):
        find(tmp_path, named=tmp_path / "nowhere")


def test_without_a_generator_nothing_is_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(synthetic.GENERATORS, "toy")
    with pytest.raises(DataNotAvailable) as caught:
        find(tmp_path)
    assert "generates" not in str(caught.value)


def test_written_once_and_named_by_its_recipe(tmp_path: Path) -> None:
    found = find(tmp_path, options={"synthetic_size": 7, "synthetic_seed": 2})
    said: list[str] = []
    root = found.ready(lambda what, done, total: said.append(f"{what} {done}/{total}"))
    assert (root / "table.csv").read_text() == "7 2 {}"
    assert (truth_folder(root) / "factors.csv").is_file()
    assert not list(root.rglob("*factors*"))
    assert [one.split(": ")[1] for one in said] == ["writing 0/1", "written 1/1"]
    assert find(tmp_path, options={"synthetic_size": 7, "synthetic_seed": 2}).ready() == root
    assert (root.parent / "calls").read_text() == "x"
    assert found.recipe is not None
    assert found.fingerprint(lambda: "content") == found.recipe.key
    assert json.loads((root / MARKER).read_text())["fingerprint"] == found.recipe.key
    assert not list(root.parent.glob(".tmp~*"))


def test_every_part_of_a_recipe_changes_its_key() -> None:
    base = Recipe("toy", 3, 7, 0)
    others = [
        Recipe("toy", 4, 7, 0),
        Recipe("toy", 3, 8, 0),
        Recipe("toy", 3, 7, 1),
        Recipe("toy", 3, 7, 0, {"cancer": "luad"}),
        Recipe("tox", 3, 7, 0),
    ]
    assert len({one.key for one in [base, *others]}) == 6


def test_labelled_synthetic_however_it_is_pointed_at(tmp_path: Path) -> None:
    written = find(tmp_path).ready()
    moved = tmp_path / "data" / "Toy_Release"
    shutil.copytree(written, moved)
    folder(moved / "inner")
    link = tmp_path / "link"
    link.symlink_to(moved)
    ways: list[dict[str, Any]] = [{"data": tmp_path / "data"}]
    ways += [{"named": one} for one in (moved, moved / "inner", link)]
    for given in ways:
        found = find(tmp_path, **given)
        assert found.source == "synthetic"
        release = found.release("Toy", "1.0", "all", "CC BY", lambda: "hash", credentialed=True)
        assert (release.source, release.version) == ("synthetic", "generated")
        assert not release.credentialed
        assert "generated" in release.id
        assert release.terms == "generated values, free to use"
        with pytest.raises(DataNotAvailable, match="no real form"):
            find(tmp_path, "real", **given)
    assert not is_synthetic(tmp_path)


def test_a_real_release_keeps_its_words(tmp_path: Path) -> None:
    found = find(tmp_path, named=folder(tmp_path / "mine"))
    release = found.release("Toy", "1.0", "all", "CC BY", lambda: "hash", credentialed=True)
    assert (release.id, release.version, release.terms) == ("Toy", "1.0", "CC BY")
    assert (release.fingerprint, release.credentialed) == ("hash", True)


def test_a_failing_generator_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(root: Path, truth: Path, size: int, seed: int) -> None:
        (root / "half").write_text("x")
        raise RuntimeError("boom")

    module = sys.modules["made_up_generator"]
    monkeypatch.setattr(module, "write_release", fails)
    with pytest.raises(RuntimeError, match="boom"):
        find(tmp_path).ready()
    assert list((tmp_path / "cache" / "data" / "synthetic").iterdir()) == []


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    found = find(tmp_path)
    left = folder(truth_folder(found.root))
    (left / "old.csv").write_text("x")
    temp = folder(left.with_name(atomic._temp_name().replace(f"~{os.getpid()}~", "~4194305~")))
    mine = folder(left.with_name(atomic._temp_name()))
    found.ready()
    assert [one.name for one in left.iterdir()] == ["factors.csv"]
    assert not temp.exists()
    assert mine.exists()


def test_a_folder_with_files_is_not_overwritten(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine")
    (mine / "thesis.tex").write_text("x")
    with pytest.raises(StoreError, match="a folder with files already"):
        Recipe("toy", 3, 7, 0).write(mine)
    assert [one.name for one in mine.iterdir()] == ["thesis.tex"]


def test_two_processes_at_once_write_it_once(tmp_path: Path) -> None:
    (tmp_path / "slow_generator.py").write_text(
        CODE.replace("    (root /", "    import time; time.sleep(0.5)\n    (root /", 1)
    )
    script = (
        "import sys; from pathlib import Path\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from benchmark.core.paths import Paths\n"
        "from benchmark.datasets import synthetic\n"
        "from benchmark.datasets._base import DataContext\n"
        "from benchmark.datasets._release import ReleaseConfig, locate\n"
        "synthetic.GENERATORS['toy'] = 'slow_generator'\n"
        f"context = DataContext(Paths(cache=Path({str(tmp_path / 'cache')!r})))\n"
        "found = locate('toy', ('toy',), ReleaseConfig(), context, None)\n"
        "print(found.ready(lambda what, done, total: print(what)))\n"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    texts = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert texts[0].splitlines()[-1] == texts[1].splitlines()[-1]
    assert sum("another process writes it" in text for text in texts) <= 1
    assert (tmp_path / "cache" / "data" / "synthetic" / "calls").read_text() == "x"


def test_every_registered_generator_has_a_version_and_a_loader() -> None:
    from benchmark.datasets import DATASETS

    for name in synthetic.GENERATORS:
        if name != "toy":
            assert synthetic.load_generator(name).GENERATOR_VERSION >= 1
            assert issubclass(DATASETS.config(name), _release.ReleaseConfig)
