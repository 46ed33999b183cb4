"""The steps that made the store's tables, each frozen; knows nothing of today's tables."""
