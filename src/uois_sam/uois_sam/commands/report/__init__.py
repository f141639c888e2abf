"""Reports of a demo and of an evaluation: each one HTML file that needs nothing else."""
