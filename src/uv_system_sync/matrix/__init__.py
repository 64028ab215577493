"""The report action: compares the jobs of a matrix."""
