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
        "mimic_mortality": Entry(
            target="benchmark.datasets.mimic_mortality:MIMICMortality",
            config="benchmark.datasets.mimic_mortality:MIMICMortalityConfig",
            summary="MIMIC-IV one-year mortality: laboratory values, notes and codes as vectors",
            family="real",
        ),
        "mimic_mortality_raw": Entry(
            target="benchmark.datasets.mimic_mortality_raw.dataset:MIMICRawMortality",
            config="benchmark.datasets.mimic_mortality_raw.config:MIMICRawMortalityConfig",
            summary="MIMIC-IV one-year mortality from raw tables: labs, discharge summary, codes",
            family="real",
            requires=("icu",),
        ),
        "mosi": Entry(
            target="benchmark.datasets.mosi:MOSI",
            config="benchmark.datasets.mosi:MOSIConfig",
            summary="CMU-MOSI sentiment: vision, audio and text series of 50 steps",
            family="real",
        ),
        "adni": Entry(
            target="benchmark.datasets.adni.dataset:ADNI",
            config="benchmark.datasets.adni.config:ADNIConfig",
            summary="ADNI diagnosis: grey matter volume, genome, clinical and biospecimen tables",
            family="real",
            requires=("medical",),
        ),
        "enrico": Entry(
            target="benchmark.datasets.enrico.dataset:Enrico",
            config="benchmark.datasets.enrico.config:EnricoConfig",
            summary="ENRICO: 20 topics of app screens from screenshot and wireframe",
            family="real",
            requires=("medical",),
        ),
        "mmimdb": Entry(
            target="benchmark.datasets.mmimdb:MMIMDb",
            config="benchmark.datasets.mmimdb:MMIMDbConfig",
            summary="MM-IMDb: 23 genres from vectors of plot and poster",
            family="real",
            requires=("medical",),
        ),
        # Version 2: an exam that the tables give to two patients is left out.
        "embed": Entry(
            target="benchmark.datasets.embed.dataset:Embed",
            config="benchmark.datasets.embed.config:EmbedConfig",
            summary="EMBED Open Data: mammograms of four types; cancer risk, density, BI-RADS",
            family="real",
            requires=("medical",),
            result_version=2,
        ),
        "rsna": Entry(
            target="benchmark.datasets.rsna:RSNA",
            config="benchmark.datasets.rsna:RSNAConfig",
            summary="RSNA 2023 screening mammograms: density, BI-RADS",
            family="real",
            requires=("medical",),
        ),
        "vindr": Entry(
            target="benchmark.datasets.vindr:VinDr",
            config="benchmark.datasets.vindr:VinDrConfig",
            summary="VinDr-Mammo: density, BI-RADS",
            family="real",
            requires=("medical",),
        ),
        # Version 2: orders count once entered, cancelled or not; controls see facts as recorded.
        "eicu": Entry(
            target="benchmark.datasets.eicu.dataset:EICU",
            config="benchmark.datasets.eicu.config:EICUConfig",
            summary="eICU: mortality, readmission, length of stay from the first hours of a stay",
            family="real",
            requires=("icu",),
            result_version=2,
        ),
        "mimic_icu": Entry(
            target="benchmark.datasets.mimic.dataset:MIMICICU",
            config="benchmark.datasets.mimic.config:MIMICConfig",
            summary="MIMIC-IV intensive care: death, length of stay, 25 phenotypes of a stay",
            family="real",
            requires=("icu",),
        ),
        # Version 2: a volume that lacks slices counts as broken.
        "gamma": Entry(
            target="benchmark.datasets.gamma.dataset:Gamma",
            config="benchmark.datasets.gamma.config:GammaConfig",
            summary="GAMMA: fundus and OCT; glaucoma grade, masks of optic disc and cup",
            family="real",
            requires=("medical",),
            result_version=2,
        ),
        "planted": Entry(
            target="benchmark.datasets.planted:Planted",
            config="benchmark.datasets.planted:PlantedConfig",
            summary="synthetic: planted unique, shared and synergistic (XOR) information",
            family="synthetic",
        ),
    },
)
