"""What goes wrong at the server, decided by the number of the request."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Faults:
    """Every Nth answer fails in a way; 0 is never. Where two fall on one request, the first field wins.

    `too_many`: 429, with `retry_after_s` as Retry-After where given. `bad_gateway`: 502 with an HTML page. `drop`:
    the connection ends without an answer. `cut`: status 200 with half of the JSON. `latency_s` delays every answer.
    """

    too_many: int = 0
    bad_gateway: int = 0
    drop: int = 0
    cut: int = 0
    retry_after_s: int | None = None
    latency_s: float = 0.0

    def of(self, number: int) -> str:
        """The fault of the request of this number, counted from 1, or an empty text."""
        for name in ("too_many", "bad_gateway", "drop", "cut"):
            every: int = getattr(self, name)
            if every and number % every == 0:
                return name
        return ""
