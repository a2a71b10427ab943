"""Plain methods every model must beat."""
