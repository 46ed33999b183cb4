"""Turns one result into sheets and files; knows nothing of Omise, of the store or of when it runs."""
