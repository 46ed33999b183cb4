"""The queue's database and its pace, for those, too, who have none and need no procrastinate."""

from dataclasses import dataclass

from jobs.config.config import Config
from jobs.run.outcome import JobError


@dataclass(frozen=True)
class Pace:
    """How often things are looked at, in seconds; `tend` is a line of cron with seconds at its end.

    A worker that shows no sign of life for `dead_after` is taken for dead, and its work is given to others.
    """

    beat: float = 10.0
    dead_after: float = 30.0
    poll: float = 5.0
    tend: str = "* * * * * */15"
    look: float = 1.0
    busy: float = 15.0  # until another run's account is asked for again
    again: float = 5.0  # until the second try at what failed; each further wait is three times as long
    grace: float = 60.0  # for what runs when a worker is asked to end


PACE = Pace()


def queue_url(config: Config) -> str:
    """The queue's database as libpq has it; raises JobError where there is none."""
    if config.queue is None:
        raise JobError("there is no [queue] in the configuration: everything runs here")
    if not config.queue.url.is_set:
        raise JobError(f"queue.url: {config.queue.url.origin} is not set: put the database's URL there")
    return config.queue.url.reveal().replace("postgresql+psycopg://", "postgresql://", 1)
