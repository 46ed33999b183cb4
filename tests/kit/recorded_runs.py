"""Puts runs into a store as recorded, for tests in which nothing is judged."""

from collections.abc import Iterable, Sequence

import pandas as pd

from recon.model import BreakEvent, KnownBreak
from recon.rulings.life import CarriedBreaks
from recon.store.engine import Store
from recon.store.queue.batches import Marker
from recon.store.runs.links import Links
from recon.store.runs.record import RunAccount, RunFindings, RunRecord, record_run
from recon.store.versions.load import load_matches


def put_run(
    store: Store,
    run: RunRecord,
    accounts: Sequence[RunAccount] = (),
    breaks: Iterable[KnownBreak] = (),
    events: Iterable[BreakEvent] = (),
    links: pd.DataFrame | None = None,
    marker: Marker | None = None,
) -> int:
    """A run that leaves these breaks, events and links (`columns.LINKS`: all of its accounts) whatever was known."""
    carried = CarriedBreaks(reported=(), changed=tuple(breaks), events=tuple(events), opened=(), closed=())
    findings = RunFindings(
        accounts=accounts,
        carry=lambda _known_breaks, _rulings: carried,
        links=Links() if links is None else Links(links, load_matches(store, [part.account for part in accounts])),
    )
    return record_run(store, run, findings, marker=marker)
