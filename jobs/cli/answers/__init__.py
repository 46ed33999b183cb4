"""What the commands answer: tables and lists for people, documents for scripts, progress."""
