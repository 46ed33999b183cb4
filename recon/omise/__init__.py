"""The door to Omise's API: fetch, decode, scrub, sweep; knows no store, no clock and no configuration."""
