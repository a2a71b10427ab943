"""Product of modalities through low-rank factors."""
