"""A second opinion: worlds, truths and mutations written from the public contract alone, never from the code."""
