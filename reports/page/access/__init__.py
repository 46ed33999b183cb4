"""Who comes in: log-in and log-out, who may ask what, people and tokens for an admin."""
