"""Seeded worlds: accounts, orders, the money that moved, and the breaks that were planted."""
