"""From a run spec to fitted predictions and metrics."""
