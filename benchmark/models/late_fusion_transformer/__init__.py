"""All features as one sequence of numbers."""
