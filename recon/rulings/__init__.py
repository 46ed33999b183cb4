"""What people decide about breaks: the life of a break, what each ruling does, patterns, opening items."""
