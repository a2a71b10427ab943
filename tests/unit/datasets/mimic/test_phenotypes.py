"""The 25 phenotypes: the mapping's files, codes of both versions, labels of admissions."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.datasets.mimic.phenotypes import (
    CATEGORIES,
    PHENOTYPES,
    mapping_id,
    phenotypes,
    read_mapping,
)

GEM = "icd10cmtoicd9gem.csv"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(cache=tmp_path)


def test_the_packaged_mapping_has_the_published_categories(paths: Paths) -> None:
    mapping = read_mapping("gem_10to9", paths)
    assert len(PHENOTYPES) == 25
    assert mapping.codes["99591", 9] == {2}
    assert mapping.codes["A419", 10] == {2}
    assert mapping.codes["V707", 9] == frozenset()
    assert mapping.name == mapping_id("gem_10to9", paths)
    assert mapping.name != mapping_id("gem_9to10", paths)


def test_directions_of_the_equivalence_mapping_differ(paths: Paths) -> None:
    found = {way: read_mapping(way, paths).codes for way in ("gem_10to9", "gem_10to9_most")}
    assert found["gem_10to9"]["I10", 10] == {98, 99}
    assert found["gem_10to9_most"]["I10", 10] == {98}
    other = read_mapping("gem_9to10", paths).codes
    assert other["A419", 10] == {2}
    assert ("A4151", 10) in found["gem_10to9"]
    count = sum(version == 10 and bool(one) for (_, version), one in other.items())
    assert 0 < count < sum(version == 10 and bool(one) for (_, version), one in
                           found["gem_10to9"].items())  # fmt: skip


def test_labels_of_admissions(paths: Paths) -> None:
    rows = [
        (1, "99591  ", 9),
        (1, "I10", 10),
        (1, "4019", 10),  # an ICD-9 code under the wrong version
        (2, "V70.7", 9),
        (3, "a41.9", 10),
        (9, "99591", 9),  # not asked for
    ]
    table = pl.DataFrame(rows, schema=["hadm_id", "icd_code", "icd_version"], orient="row")
    asked = pl.Series("hadm_id", [3, 1, 4, 2])
    found, unknown = phenotypes(table, asked, read_mapping("gem_10to9_most", paths))
    assert found.columns == ["hadm_id", *PHENOTYPES]
    assert found["hadm_id"].to_list() == [3, 1, 4, 2]
    assert found["septicemia"].to_list() == [1, 1, None, 0]
    assert found["essential_hypertension"].to_list() == [0, 1, None, 0]
    assert found.drop("hadm_id").sum_horizontal(ignore_nulls=False).to_list() == [1, 2, None, 0]
    assert unknown == 1


def test_a_folder_of_the_user(tmp_path: Path) -> None:
    folder = tmp_path / "icd"
    folder.mkdir()
    own = Paths(cache=tmp_path, releases={"icd": folder})
    with pytest.raises(DataNotAvailable, match=r"has no '\$dxref 2015.csv'"):
        read_mapping("gem_10to9", own)
    packaged = read_mapping("gem_10to9", Paths(cache=tmp_path)).codes
    lines = ["'Multi-Level'", "'ICD-9-CM CODE','CCS CATEGORY','CCS CATEGORY DESCRIPTION'"]
    lines += [f"'{code:5}','{one:4}','x'" for (code, version), categories in packaged.items()
              if version == 9 for one in categories]  # fmt: skip
    (folder / "$dxref 2015.csv").write_text("\n".join(lines))
    (folder / GEM).write_text('"icd10cm","icd9cm","flags"\n"A419","99591","10000"\n')
    mapping = read_mapping("gem_10to9", own)
    assert mapping.codes["A419", 10] == {2}
    nine = sum(version == 9 for _, version in mapping.codes)
    assert nine == sum(count for _, count in CATEGORIES.values())
    assert mapping_id("gem_10to9", own) != mapping_id("gem_10to9", Paths(cache=tmp_path))
    (folder / "$dxref 2015.csv").write_text("\n".join(lines[:-1]))
    with pytest.raises(DataError, match=r"has 3 ICD-9 codes in .*, not 4 as in CCS 2015"):
        read_mapping("gem_10to9", own)
