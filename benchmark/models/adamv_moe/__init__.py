"""AdaMV-MoE."""
