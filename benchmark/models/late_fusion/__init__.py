"""Mean of one prediction per modality."""
