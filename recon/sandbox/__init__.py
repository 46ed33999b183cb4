"""An Omise-compatible server and seeded worlds with planted breaks; knows no clock, no store, no rule."""
