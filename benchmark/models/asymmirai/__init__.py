"""Differences between the feature maps of two breasts."""
