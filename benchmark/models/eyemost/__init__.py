"""Evidence of every modality, fused as Student's t."""
