"""The nouns of the suite. Imports nothing heavy: no torch, pandas or scikit-learn."""
