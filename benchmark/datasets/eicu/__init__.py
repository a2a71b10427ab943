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
"""
