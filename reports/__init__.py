"""Turns one result into sheets and files."""
