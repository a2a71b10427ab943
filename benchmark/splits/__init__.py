"""Which samples train, select and test: drawn, official or from files."""

from __future__ import annotations

from benchmark.splits.make import PARTS, PartName, Parts, Positions, make_split

__all__ = ["PARTS", "PartName", "Parts", "Positions", "make_split"]
