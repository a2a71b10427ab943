"""Tests and intervals over folds, splits, seeds and samples. Torch-free; one idea per file."""
