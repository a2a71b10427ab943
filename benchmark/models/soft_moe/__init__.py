"""Multimodal soft mixture of experts."""
