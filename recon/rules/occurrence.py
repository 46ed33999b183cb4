"""On which business day what a break is about happened: the day by which people age it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from recon import columns as c
from recon.calendars import local_day
from recon.columnar import pd
from recon.model import Books, Break
from recon.settings import Context
from recon.settlement.receipts import issued_on

# By the type of a break's subject: the frame of the books, its id, and the column that says when, a moment or a day.
_SUBJECTS = {
    "order": ("orders", c.ORDER_ID, c.CREATED_AT),
    "charge": ("charges", c.CHARGE_ID, c.CREATED_AT),
    "refund": ("refunds", c.REFUND_ID, c.CREATED_AT),
    "transfer": ("transfers", c.TRANSFER_ID, c.CREATED_AT),
    "transaction": ("transactions", c.TRANSACTION_ID, c.CREATED_AT),
    "dispute": ("disputes", c.DISPUTE_ID, c.CREATED_AT),
    "receipt": ("receipts", c.RECEIPT_ID, c.ISSUED_ON),
    "bank_line": ("bank_lines", c.LINE_ID, c.BOOKED_ON),
}


def dated(breaks: Iterable[Break], books: Books, context: Context) -> Iterator[Break]:
    """The breaks, each with the day of its subject in its account's zone, where it has no other day."""
    every = list(breaks)
    by_type: dict[str, set[str]] = {}
    for raised in every:
        if raised.occurred_on is None and raised.subject_type in _SUBJECTS:
            by_type.setdefault(raised.subject_type, set()).add(raised.subject_id)
    days = {subject_type: _days(books, subject_type, ids, context) for subject_type, ids in by_type.items()}
    for raised in every:
        day = days.get(raised.subject_type, {}).get((raised.account or "", raised.subject_id))
        yield replace(raised, occurred_on=day) if day and raised.occurred_on is None else raised


def _days(books: Books, subject_type: str, ids: set[str], context: Context) -> Mapping[tuple[str, str], date]:
    """By account and id of the subjects their days."""
    name, id_column, when = _SUBJECTS[subject_type]
    frame: pd.DataFrame = getattr(books, name)
    if not len(frame):
        return {}
    rows = frame[c.is_in(frame[id_column], ids)]
    moments = issued_on(rows) if when == c.ISSUED_ON else rows[when]
    days: dict[tuple[str, str], date] = {}
    for account, subject_id, moment in zip(rows[c.ACCOUNT], rows[id_column], moments, strict=True):
        if isinstance(moment, str):
            days[account, subject_id] = date.fromisoformat(moment)
        else:
            days[account, subject_id] = local_day(moment.to_pydatetime(), context.calendar(account).zone)
    return days
