"""What a pull sweeps, decided and nothing asked: what was never read whole, what is due again, where totals lead."""
