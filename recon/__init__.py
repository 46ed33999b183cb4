"""What was charged, ordered, settled and banked, and whether they agree."""

__version__ = "0.1.0"
