"""Batches of work and turns at Omise's rate limit, shared by every host of a store."""
