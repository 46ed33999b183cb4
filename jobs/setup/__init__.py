"""From a key and some files to a configuration that works, and what a person confirms of it."""
