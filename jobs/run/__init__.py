"""The road of a run: sources, pull, judging, recording, reports."""
