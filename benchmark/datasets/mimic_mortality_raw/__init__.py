"""One-year mortality from raw tables of MIMIC-IV."""
