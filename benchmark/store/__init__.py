"""Results on disk: atomic files, one per run, and a rebuilt view. Torch-free."""
