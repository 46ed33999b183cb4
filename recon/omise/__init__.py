"""The door to Omise's API: fetch, decode, scrub, sweep."""
