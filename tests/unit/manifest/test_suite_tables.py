"""Tables of the suite on TCGA: what they share, and what a cancer without RNA has."""

from __future__ import annotations

import pytest

from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.selection import Request
from benchmark.manifest.tables import resolve_table


def _expanded(name: str, paths: Paths) -> Expansion:
    path = resolve_table(name).manifest
    assert path is not None
    return expand(load_manifest(path), Request(DataContext(paths, "synthetic")))


def test_five_cancers_share_their_runs_with_the_ten_splits(paths: Paths) -> None:
    cancers, splits = (
        _expanded(f"suite/{name}", paths) for name in ("tcga_cancers", "tcga_splits")
    )
    shared = {run.spec.fingerprint for run in cancers.runs}
    shared &= {run.spec.fingerprint for run in splits.runs}
    assert {row for row, _ in splits.cells} - {row for row, _ in cancers.cells} == {"unimodal_wsi"}
    assert len(shared) == 14 * 3 * 10, "rows × (blca, luad, lgg) × splits"


def test_rows_of_rna_alone_leave_out_the_cancer_without_it(paths: Paths) -> None:
    cells = _expanded("suite/tcga_cancers", paths).cells
    without = [row for row, column in cells if column == "ucec/os/c_index"]
    assert "mult" in without
    assert not {"rna_pca_ridge_cox", "unimodal_rna"} & set(without)
    assert ("unimodal_rna", "brca/os/c_index") in cells


@pytest.mark.parametrize("name", ["tcga", "tcga_splits", "tcga_folds", "tcga_cancers"])
def test_every_table_tests_against_ridge_cox_on_components(name: str, paths: Paths) -> None:
    manifest = _expanded(f"suite/{name}", paths).manifest
    assert manifest.reference == "pca_ridge_cox"
    assert manifest.row("pca_ridge_cox").label == "Ridge Cox, 30 PCs each"
