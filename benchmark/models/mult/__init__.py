"""Cross-modal transformer."""
