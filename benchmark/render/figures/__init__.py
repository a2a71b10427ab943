"""Figures as PNG, SVG and PDF. matplotlib is imported when one is drawn, and no display is used."""
