"""Pictures of evaluations, comparisons and trainings, as PNG files."""
