"""Two encoders, concatenated."""
