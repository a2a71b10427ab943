"""Outer product of all modalities."""
