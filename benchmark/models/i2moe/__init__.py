"""Interaction experts around any fusion model."""
