"""Opens the store that a command or a service works on: migrated, and masked by today's rules."""
