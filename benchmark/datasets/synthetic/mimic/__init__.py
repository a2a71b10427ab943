"""A miniature MIMIC-IV: official tables, notes and X-rays of invented patients.

Written are, of ``hosp``: patients, admissions, transfers, diagnoses_icd, procedures_icd, labevents,
d_labitems; of ``icu``: icustays, chartevents, d_items; of ``note``: radiology, discharge; of
MIMIC-CXR-JPG: metadata, split, chexpert, negbio and the images. What the outcomes follow from is
told in :mod:`.people`; factors and edge cases are written beside the release.

Edge cases: stays of 47.9, 48 and 48.1 hours, of 95.9 and 96.1 hours, of minutes; two stays in one
admission; a stay without a single event, one without any in its first 50 hours; ages 18 and above
89 (written 91); a death on the day of discharge and one 365 days after the last; laboratory values
without admission, before admission, without time of storage, as ``>12``, ``___`` or nothing; codes
filled up with blanks, ICD-9 and ICD-10 in one patient and in one admission, codes without ICD-9
counterpart; charted twice at one time, stored a day later, before and after the stay, as words, as
``118/64``, as outliers with a warning; Fahrenheit, Fahrenheit filed as Celsius, pounds, inches,
oxygen in per cent and as a share; notes outside the stay, without admission, blank, addenda, and
some that tell the outcome; X-rays outside stays, lateral, without a view, times without leading
zeros.
"""

from benchmark.datasets.synthetic.mimic.release import GENERATOR_VERSION, write_release

__all__ = ["GENERATOR_VERSION", "write_release"]
