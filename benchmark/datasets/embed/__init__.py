"""EMBED Open Data (Emory): screening and diagnostic mammograms, 2D and synthetic 2D (C-view).

Jeong et al., "The EMory BrEast imaging Dataset" (Radiology: Artificial Intelligence 2023). Tables
``tables/EMBED_OpenData_clinical.csv``, one row per finding, and ``..._metadata.csv``, one row per
file; files ``images/cohort_<k>/<patient>/<study>/<series>/<file>.dcm``. The column
``anon_dicom_path`` carries a prefix of its owner's machine, whatever comes before ``cohort_``.

A sample is one exam (or one breast of it) with a C-view and a 2D image in CC and in MLO view.
"""
