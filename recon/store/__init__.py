"""Keeps what was seen and what was done, on SQLite and PostgreSQL."""
