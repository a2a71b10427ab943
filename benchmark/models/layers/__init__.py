"""Blocks shared by models and encoders."""
