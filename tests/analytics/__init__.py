"""What is computed, tested on arrays and frames alone."""
