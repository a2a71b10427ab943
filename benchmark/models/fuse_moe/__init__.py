"""Fuse-MoE."""
