"""What metrics share."""

from __future__ import annotations


class Undefined(Exception):
    """The metric does not exist for these samples; the text says why, e.g. ``one class only``."""
