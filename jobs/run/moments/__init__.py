"""Days that are asked for, nights that are due, whether this machine's clock is Omise's, moments yet to come."""
