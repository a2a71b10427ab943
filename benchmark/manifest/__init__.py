"""Manifests and printed tables: YAML in, checked records and planned runs out. Torch-free."""
