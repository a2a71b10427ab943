"""HAIM."""
