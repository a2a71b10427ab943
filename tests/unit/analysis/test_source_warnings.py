"""Warnings about the data of several tables."""

from __future__ import annotations

from benchmark.analysis.captions import source_warnings


def test_one_line_for_each_kind_of_source() -> None:
    """As ``compare`` finds them: one table of two datasets, one table of each."""
    pairs = [("embed", "synthetic"), ("rsna", "synthetic"), ("tcga", "real"), ("eicu", "partial")]
    lines = source_warnings([*pairs, ("embed", "synthetic"), ("rsna", "synthetic")])
    assert len(lines) == 2
    assert lines[0].startswith("eicu: ")
    assert lines[1] == "embed, rsna: SYNTHETIC data; not comparable with printed numbers."
    assert source_warnings([("tcga", "real")]) == ()
