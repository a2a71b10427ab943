"""Cross attention between the features of modalities."""
