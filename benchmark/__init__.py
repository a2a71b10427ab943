"""mmbench: reproduce the result tables of multimodal-learning papers, cell by cell."""

__version__ = "0.1.0"
