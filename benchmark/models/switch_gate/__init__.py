"""Joint-token transformer with switch layers."""
