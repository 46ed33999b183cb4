"""What runs by itself: the scheduler, the page, metrics."""
