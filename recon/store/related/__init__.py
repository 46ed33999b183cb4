"""What a run's range concerns: its own rows, what changed, what is not final, and all that these name."""
