"""The first page: what somebody must do today, where the money went, how the nights went."""
