"""Omise's API as the sandbox serves it: objects, lists, events, faults."""
