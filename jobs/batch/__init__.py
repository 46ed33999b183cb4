"""Long work in steps: planned, done here or by workers on a queue, each step once."""
