"""ADNI: diagnosis of cognition from grey matter, genome, clinical and biospecimen tables.

Read is the layout that I2MoE, Flex-MoE and MoE-Retriever share:

- ``label.csv``: ``PTID`` and ``DIAGNOSIS`` (1 normal, 2 mild impairment, 3 dementia), one row per
  subject; ``PTID_splits.json``, which is not distributed, gives the official parts where it is.
- ``image/``: ``ADNI_G.npy``, one row of grey-matter density per scan, over the voxels of the
  template that are 150; ``ADNI_subj.txt``, the subject and the date of each row (the latest scan
  of a subject counts); the template ``BLSA_..._DS222.nii.gz``.
- ``genomic/genomic_merged.h5ad``: counts of alleles, 0, 1, 2 or NaN.
- ``clinical/`` and ``biospecimen/``: tables of numbers by ``PTID``, with gaps, and the same with
  gaps filled (``_mean``). Columns that hold the diagnosis (PTCOGBEG, PTADDX, PTADBEG) are dropped.

Scans are mapped and put into volumes when they are asked for; alleles are brought to 8 bits once.

Differences of the published loaders, each an option:

================ ================================ ==========================================
option           default                          as released
================ ================================ ==========================================
``fit_rows``     ``train``: scaling and filling   ``all``: on every subject
                 are estimated on training rows
``tables``       ``raw``: a gap takes its         ``mean_filled``: the published files, whose
                 column's training mean           gaps take the *first* column's mean
``missing``      ``masked``: absent modalities    ``sentinel``: they are -2 throughout and
                 are unobserved                   count as observed
``any_of_parts`` ``all``: subjects without any    ``train``: out of the training part only
                 modality of ``any_of`` are
                 left out of all parts
``complete``     none: all subjects               ``use_common_ids`` of I2MoE: all four
================ ================================ ==========================================
"""
