"""One table object, many output formats. Torch-free."""
