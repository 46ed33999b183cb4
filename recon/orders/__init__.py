"""Order sources: what the shop says, read as text and parsed exactly. To add a kind, add one file with a KIND."""
