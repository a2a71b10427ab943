"""A gate per modality, then a perceptron."""
