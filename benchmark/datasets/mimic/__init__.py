"""MIMIC-IV from its raw releases: records, notes, chest X-rays."""
