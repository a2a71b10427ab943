"""Aggregator of mammographic views."""
