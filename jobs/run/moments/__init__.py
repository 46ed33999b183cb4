"""Whether this machine's clock is Omise's, and what a store knows of moments that have not come."""
