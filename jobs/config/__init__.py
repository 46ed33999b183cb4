"""config.toml as frozen sections: the kinds of values, the keys, the thresholds of rules."""
