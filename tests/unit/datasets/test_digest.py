"""The fingerprint of data, and what is remembered of it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from benchmark.core.digests import file_digest
from benchmark.core.errors import DataError
from benchmark.datasets import _digest
from benchmark.datasets._digest import data_fingerprint, media_digest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A release: one table, three media files in two folders."""
    root = tmp_path / "release"
    for name in ("table.csv", "media/a/1.dcm", "media/a/2.dcm", "media/b/1.dcm"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    _age(root)
    return root


def _age(root: Path, seconds: float = 100.0) -> None:
    """Make everything look as if it were written a while ago."""
    for path in [root, *root.rglob("*")]:
        stat = path.stat()
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns - int(seconds * 1e9)))


def _of(root: Path, cache: Path, release: str = "toy 1", **options: int) -> str:
    return data_fingerprint(release, root, cache, [root / "table.csv"], [root / "media"], options)


def test_it_follows_tables_media_release_and_options(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    seen = {_of(root, cache), _of(root, cache, "toy 2"), _of(root, cache, size=64)}
    (root / "table.csv").write_text("changed")
    seen.add(_of(root, cache))
    (root / "media" / "b" / "2.dcm").write_text("new")
    seen.add(_of(root, cache))
    (root / "media" / "b" / "2.dcm").unlink()
    (root / "media" / "b" / "1.dcm").unlink()
    seen.add(_of(root, cache))
    assert len(seen) == 6


def test_where_a_release_lies_does_not_matter(root: Path, tmp_path: Path) -> None:
    before = _of(root, tmp_path / "cache")
    moved = root.rename(tmp_path / "elsewhere")
    assert _of(moved, tmp_path / "other") == before


def test_remembered_until_it_changes(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, table, media = tmp_path / "cache", root / "table.csv", root / "media"
    before = file_digest(table, cache), media_digest(media, cache)

    def forbidden(*_: object) -> None:
        raise AssertionError("it was read again")

    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "file_digest", forbidden)
        patch.setattr(_digest, "_walk", forbidden)
        assert (file_digest(table, cache), media_digest(media, cache)) == before
    table.write_text("table.cvs")  # as long as it was
    (media / "a" / "1.dcm").write_text("longer than before")
    (media / "a" / "1.dcm").replace(media / "a" / "3.dcm")
    after = file_digest(table, cache), media_digest(media, cache)
    assert not set(before) & set(after)


def test_a_file_of_just_now_is_not_remembered(root: Path, tmp_path: Path) -> None:
    (root / "table.csv").write_text("fresh")
    file_digest(root / "table.csv", tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_damaged_memo_and_a_closed_cache_do_no_harm(root: Path, tmp_path: Path) -> None:
    cache, table = tmp_path / "cache", root / "table.csv"
    before = file_digest(table, cache)
    (memo,) = (cache / "data" / "digests").iterdir()
    memo.write_text('{"digest":')
    assert file_digest(table, cache) == before
    in_the_way = tmp_path / "file"
    in_the_way.write_text("x")
    assert file_digest(table, in_the_way / "cache") == before


def test_what_cannot_be_read_is_named(root: Path, tmp_path: Path) -> None:
    for ask in (file_digest, media_digest):
        with pytest.raises(DataError, match=r"gone.* cannot be read: No such file"):
            ask(root / "gone", tmp_path)


def test_links_are_followed_and_those_that_lead_back_end(root: Path, tmp_path: Path) -> None:
    before = media_digest(root / "media", tmp_path / "one")
    elsewhere = (root / "media" / "a").rename(tmp_path / "elsewhere")
    (root / "media" / "a").symlink_to(elsewhere)
    assert media_digest(root / "media", tmp_path / "two") == before
    (elsewhere / "back").symlink_to(root / "media")
    assert media_digest(root / "media", tmp_path / "three") == before
