"""How often a property is tried that builds books for each example: ten times, a hundred times in `make proof`."""

from hypothesis import settings

DEAR = settings(max_examples=settings().max_examples // 10)
