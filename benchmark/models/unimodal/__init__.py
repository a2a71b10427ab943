"""A single modality through its encoder and a linear head."""
