"""Breaks on the page: the list with its filters, each break with both sides, and what is decided on many at once."""
