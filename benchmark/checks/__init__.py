"""What must hold for every model, dataset and metric: used by ``mmbench check`` and by tests."""
