"""Read stored results, aggregate them over folds or seeds, compare. Torch-free."""
