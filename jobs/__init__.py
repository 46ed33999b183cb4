"""Decides when the job runs, wires the parts together and tells people."""
