"""Two recorded runs of a range beside each other: figures and breaks; judges nothing."""

from collections.abc import Iterator

from recon import columns as c
from recon.result.changes import changes, figures_between
from recon.store.engine import Store
from recon.store.runs import history
from recon.store.runs.record import StoredRun
from reports.documents import Document, fields, records

_SHOWN = [
    c.WHAT,
    c.BREAK_ID,
    c.CODE,
    c.SEVERITY,
    c.STATUS,
    c.SUBJECT_ID,
    c.CURRENCY,
    c.RISK_BEFORE,
    c.AMOUNT_AT_RISK,
    c.RISK_CHANGE,
]


def compared(store: Store, before: StoredRun, after: StoredRun) -> Iterator[Document]:
    """What changed from one run to another, for each account of which both have the same range."""
    later_parts = {(part.account, part.first_day, part.last_day): part for part in after.accounts}
    for part in before.accounts:
        same = later_parts.get((part.account, part.first_day, part.last_day))
        if same is None:
            continue
        left_before = history.left_open(store, before.run_id, part.account)
        left_after = history.left_open(store, after.run_id, part.account)
        lives = history.known_by_id(store, {*left_before[c.BREAK_ID], *left_after[c.BREAK_ID]})
        yield {
            **fields(part, "account", "first_day", "last_day"),
            "same_result": part.result_digest == same.result_digest,
            "figures": records(figures_between(part.counts, same.counts)),
            "breaks": records(changes(left_before, left_after, lives)[_SHOWN]),
        }
