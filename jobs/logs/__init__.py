"""Logs, what is masked in them, spans, and errors in words."""
