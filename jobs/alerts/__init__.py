"""Who is told what: a digest of what is new, letters, channels, mail, quiet hours."""
