"""An Omise-compatible server and seeded worlds with planted breaks."""
