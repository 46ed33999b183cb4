"""Hears the signals that ask a service to end."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def asked_to_end() -> Iterator[asyncio.Event]:
    """Set at the first SIGTERM or SIGINT; a second one ends the process as usual."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        stop.set()

    wanted = (signal.SIGTERM, signal.SIGINT)
    for number in wanted:
        loop.add_signal_handler(number, ask, number)
    try:
        yield stop
    finally:
        for number in wanted:
            loop.remove_signal_handler(number)
