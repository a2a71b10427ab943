"""Fusion block between branches and heads whose gradients are calibrated."""
