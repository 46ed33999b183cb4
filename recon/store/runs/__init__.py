"""What runs recorded: results, breaks and their events, links, attempts at nights, alerts."""
