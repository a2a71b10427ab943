"""MIMIC-IV 2.2 and 3.1 (Johnson et al. 2023) from its raw releases, and its open demo 2.2.

Official layout: a folder with ``hosp`` and ``icu``; radiology reports (MIMIC-IV-Note 2.2) and chest
X-rays (MIMIC-CXR-JPG 2.0.0) in or beside it, or where ``--data mimic_note=PATH`` and ``--data
mimic_cxr=PATH`` say. One sample is a stay in intensive care; patients are ``subject_id``.

Modalities: ``series`` (vital signs and laboratory), ``note`` (radiology reports of the window),
``xray`` (its last image), ``diagnosis`` and ``procedure`` (codes of earlier admissions; those of
the same admission are billed after discharge and have to be asked for), ``demographics`` (age, sex,
kind of admission). Tasks: ``ihm``, death in hospital; ``los``, length of stay; ``pheno``, 25 groups
of the admission's diagnoses, which looks back. Nothing after the window is an input, nor what was
stored after it, nor any column that tells an outcome.

Laboratory values often lack their admission: they belong to the stay of their patient that they
were taken in. What is left out is counted and shown by ``mmbench data status``.
"""
