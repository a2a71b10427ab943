"""eICU Collaborative Research Database 2.0 (Pollard et al. 2018), and its open demo.

Official layout, one folder with ``<table>.csv.gz`` (or ``.csv``): ``patient`` must
be there; ``diagnosis``, ``treatment``, ``medication``, ``lab``, ``note``, ``vitalPeriodic``,
``vitalAperiodic``, ``nurseCharting``, ``apacheApsVar``, ``apachePredVar`` and
``apachePatientResult`` are read where they are. One row per ``patientunitstayid``; times are
minutes from unit admission. Patients are ``uniquepid``.

The hourly export of the demo (``series: hourly``) is the folder ``eicu-demo-extra/hourly`` beside
the release, or ``--data eicu_hourly=PATH``, with ``dyn.parquet`` and ``sta.parquet``.

Modalities: ``series``, ``diagnosis``, ``treatment``, ``medication``, ``lab`` (coded events),
``note`` (paths of pick lists: free text was removed from the release), ``apache`` (worst values of
the first day and chronic conditions), ``demographics``, and ``apache_prediction``, the hospital
mortality that APACHE IVa predicts, which only a reference row may read. Windows below 24 hours have
no APACHE modality. A drug counts once ordered, a note once entered, even if dated earlier.
With ``known_by: entered`` a laboratory value or an entry of the nurses counts once entered, too; of
the demo's laboratory values taken within a day, 208 of 7,195 were entered after it.

FLAME's two uses: its code's cohort is ``cohort: codes, window_hours: 12`` with the modalities
``diagnosis``, ``treatment``, ``medication``, ``lab`` and ``demographics`` (each with an encoder of
its own, where the code reads one sequence); its text's is ``cohort: window, window_hours: 48`` with
``series`` and ``note``. Both are split by patient, and vocabularies are those of training stays.
"""
