"""Modalities joined patch by patch, then a narrow transformer."""
