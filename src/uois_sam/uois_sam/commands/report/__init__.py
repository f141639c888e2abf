"""Reports of a demo, an evaluation and a replay: each one HTML file that needs nothing else."""
