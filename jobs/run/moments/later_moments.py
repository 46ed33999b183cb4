"""Has a command say once which store it writes to, and that this knows a later moment than now, if it does."""

from datetime import UTC, datetime
from threading import Event

from jobs.logs.errors import say
from recon.store.engine import Store
from recon.store.moments import later_words

_unsaid = Event()  # a command has begun, and nobody has looked yet
_unnamed = Event()  # nor said which store it writes to


def command_begins() -> None:
    """The next store that is opened is looked at."""
    _unsaid.set()
    _unnamed.set()


def say_later_moments(store: Store) -> None:
    """One line on stderr, where the command has not looked yet."""
    if _unsaid.is_set():
        _unsaid.clear()
        words = later_words(store, datetime.now(UTC))
        say(*([words] if words else []))


def say_store(url: str) -> None:
    """One line on stderr: the store that the command writes to, by its URL without who logs in there."""
    if _unnamed.is_set():
        _unnamed.clear()
        say(f"store: {url}", level="info")


def later_moments(store: Store, now: datetime) -> list[str]:
    """The same as what is not complete in a run, which then says it."""
    _unsaid.clear()
    words = later_words(store, now)
    return [words] if words else []
