"""The steps that made the store's tables, each frozen."""
