"""Multi-modal multi-task mixture of experts."""
