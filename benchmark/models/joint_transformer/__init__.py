"""Self-attention over the tokens of all modalities."""
