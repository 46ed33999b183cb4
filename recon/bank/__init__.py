"""What the bank says: statements as bank lines, a module for each format."""
