"""What was charged, ordered, settled and banked, and whether they agree; knows no clock, no configuration."""

__version__ = "0.1.0"
