"""Encoded modalities concatenated."""
