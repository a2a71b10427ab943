"""Registered datasets. Names map to strings; loaders are imported when used."""

from __future__ import annotations

from benchmark.core.registry import Entry, Registry

DATASETS = Registry(
    "dataset",
    {
        "wdbc": Entry(
            target="benchmark.datasets.wdbc:WDBC",
            config="benchmark.datasets.wdbc:WDBCConfig",
            summary="Wisconsin diagnostic breast cancer: 569 real samples inside scikit-learn",
            family="real",
        ),
        "tcga": Entry(
            target="benchmark.datasets.tcga.dataset:TCGA",
            config="benchmark.datasets.tcga.config:TCGAConfig",
            summary="TCGA survival: RNA, CNV, mutation, slides, reports, age and sex",
            family="real",
        ),
        "planted": Entry(
            target="benchmark.datasets.planted:Planted",
            config="benchmark.datasets.planted:PlantedConfig",
            summary="synthetic: planted unique, shared and synergistic (XOR) information",
            family="synthetic",
        ),
    },
)
