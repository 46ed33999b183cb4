"""Which days are asked for, whether this machine's clock is Omise's, and moments in a store that have not come."""
