"""The Cancer Genome Atlas: overall survival from molecular data, slides, reports, age and sex.

One sample is one patient (case ``TCGA-XX-YYYY``, 12 characters); everything is joined on them. The
data folder is ``<MMBENCH_DATA>/tcga`` (or ``--data tcga=FOLDER``) and holds

- ``omics/tcga_<blca|brca|gbmlgg|luad|ucec>_all_clean.csv.zip``: needed; molecular data, age, sex
  and survival, as in PORPOISE's folder ``datasets_csv_mutsig`` (``porpoise.py``); instead, with
  option ``omics``, a study folder of cBioPortal in ``cbioportal/`` (``cbioportal.py``) or two files
  of UCSC Xena in ``xena/`` (``xena.py``), or the files of SurvPath and MMP (``mmp.py``);
- ``reports/TCGA_Reports.csv[.gz|.zip]``: pathology reports (``reports.py``);
- ``wsi_features/<cancer>_hif_by_case.csv.gz``: slide features (``wsi.py``), or with option
  ``wsi: patches`` a folder ``wsi_features/tcga_<cancer>/`` of patch features (``patches.py``);
- ``splits/<name>/*.csv``: published lists of cases, for ``split: {kind: files, files: <name>}``,
  or one folder per fold with ``train.csv`` and ``test.csv``.

What is not there is a missing modality, but for the omics table. The task ``os`` is the time from
diagnosis to death or last contact in months. Nothing but the columns named in those modules is
ever input: no site, stage, ``oncotree_code``, and no column that tells an outcome.
"""
