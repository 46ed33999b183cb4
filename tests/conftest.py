"""Registers with how many examples `make proof` tries properties; the suite takes Hypothesis' own hundred."""

from hypothesis import settings

settings.register_profile("proof", max_examples=1_000, deadline=None)
