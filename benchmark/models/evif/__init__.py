"""Fusion transformer between two bounds of mutual information."""
