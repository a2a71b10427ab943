"""Joint-token transformer with mixtures of light experts."""
