"""What the desk's sheet is: its columns, and the rulings that it offers with what each needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from recon import columns as c
from recon.columnar import pd
from recon.model import Account, BreakStatus, KnownBreak, zone_of
from recon.model.rulings import ApprovalLimits, RulingKind
from reports.sheet import Column, Kind, Sheet
from reports.sheets.breaks import SHEET as BREAKS

NAME = "Rulings"
HOW_TO = "How to"
MOST_ROWS = 25_000  # of one file, written or read
VERSION = "version"
EXPORT = "export"
RULING = "ruling"
UNTIL = "until"
OWNER = "ruled_owner"
REASON = "reason"
LINK_ORDER = "link_order"
LINK_CHARGE = "link_charge"
RESTS_ON = "rests_on"

FACTS = (
    Column("Break", c.BREAK_ID, Kind.TEXT, 22),
    Column("Version", VERSION, Kind.COUNT, 8),
    Column("Export", EXPORT, Kind.TEXT, 18),
    Column("Severity", c.SEVERITY, Kind.SEVERITY, 10),
    Column("What it is", c.CODE, Kind.BREAKS, 27),
    Column("Account", c.ACCOUNT, Kind.TEXT, 10),
    Column("Order", c.ORDER_ID, Kind.TEXT, 17),
    Column("Charge", c.CHARGE_ID, Kind.TEXT, 31),
    Column("Subject", c.SUBJECT_ID, Kind.TEXT, 30),
    Column("Expected (ours)", c.EXPECTED, Kind.MONEY, 15, c.CURRENCY),
    Column("Actual (Omise or bank)", c.ACTUAL, Kind.MONEY, 15, c.CURRENCY),
    Column("Difference", c.DIFFERENCE, Kind.MONEY, 15, c.CURRENCY),
    Column("Amount at risk", c.AMOUNT_AT_RISK, Kind.MONEY, 15, c.CURRENCY),
    Column("Currency", c.CURRENCY, Kind.TEXT, 10),
    Column("Age, days", c.AGE_DAYS, Kind.COUNT, 7),
    Column("Due by", c.DUE_BY, Kind.MOMENT, 21),
    Column("Owner now", c.OWNER, Kind.TEXT, 14),
    Column("Status", c.STATUS, Kind.WORDS, 17),
    Column("Rests on", RESTS_ON, Kind.WRAPPED, 30),
    Column("What is wrong", c.EXPLANATION, Kind.WRAPPED, 46),
    Column("What to do", c.SUGGESTION, Kind.WRAPPED, 40),
)
# What people fill in.
ANSWERS = (
    Column("Ruling", RULING, Kind.INPUT, 15),
    Column("Until", UNTIL, Kind.INPUT_DAY, 12),
    Column("Owner", OWNER, Kind.INPUT, 16),
    Column("Reason", REASON, Kind.INPUT, 28),
    Column("Link order", LINK_ORDER, Kind.INPUT, 17),
    Column("Link charge", LINK_CHARGE, Kind.INPUT, 31),
)
HIDDEN = (VERSION, EXPORT)
COLUMNS = (*FACTS, *ANSWERS)
TITLES = {column.name: column.title for column in COLUMNS}
_DTYPES = {Kind.MONEY: c.OPTIONAL_MINOR, Kind.COUNT: c.COUNT, Kind.MOMENT: c.MOMENT}


@dataclass(frozen=True, slots=True)
class Choice:
    """One ruling: its word, what it does, which columns it needs, and in which states of a break it is allowed.

    A reason may be given with every ruling; any other column that it does not need must be empty.
    """

    word: str
    kind: RulingKind
    does: str
    needs: tuple[str, ...]
    states: tuple[BreakStatus, ...]


_OPEN = BreakStatus.OPEN
_EXPECTED = BreakStatus.ACKNOWLEDGED
_WAITING = BreakStatus.PENDING_APPROVAL
# In such an order that the choices of each state stand together: a drop-down is a range of cells.
CHOICES = (
    Choice(
        "acknowledge",
        RulingKind.ACKNOWLEDGE,
        "It is expected until a day; then it is open again.",
        (UNTIL,),
        (_OPEN,),
    ),
    Choice("resolve", RulingKind.RESOLVE, "It is settled, and the reason says how.", (REASON,), (_OPEN, _EXPECTED)),
    Choice(
        "write off",
        RulingKind.WRITE_OFF,
        "The amount is given up. Above the limit a second person approves it.",
        (REASON,),
        (_OPEN, _EXPECTED),
    ),
    Choice(
        "link",
        RulingKind.LINK,
        "This order was paid by this charge. Above the limit a second person approves it.",
        (LINK_ORDER, LINK_CHARGE),
        (_OPEN, _EXPECTED),
    ),
    Choice("assign", RulingKind.ASSIGN, "Somebody works on it.", (OWNER,), (_OPEN, _EXPECTED, _WAITING)),
    Choice(
        "note",
        RulingKind.NOTE,
        "The text under Reason is kept with the break.",
        (REASON,),
        (_OPEN, _EXPECTED, _WAITING),
    ),
    Choice("undo", RulingKind.UNDO, "The last ruling on it is taken back.", (), (_EXPECTED, _WAITING)),
    Choice(
        "approve",
        RulingKind.APPROVE,
        "The write-off or link that waits is right. Nobody approves their own.",
        (),
        (_WAITING,),
    ),
    Choice(
        "reject",
        RulingKind.REJECT,
        "The write-off or link that waits is not right, and the reason says why. Nobody rejects their own.",
        (REASON,),
        (_WAITING,),
    ),
)


def rulings_sheet(columns: tuple[Column, ...], name: str, empty: str, frozen: int) -> Sheet:
    """A sheet of these columns; its rows are handed over with it."""
    return Sheet(
        order=0,
        name=name,
        columns=columns,
        rows=lambda _: pd.DataFrame(),
        empty=empty,
        printed=len(columns),
        frozen=frozen,
    )


def rulings_frame(
    breaks: Sequence[KnownBreak], accounts: Mapping[str, Account], limits: ApprovalLimits
) -> pd.DataFrame:
    """A row per break, worst first, the columns `COLUMNS`; due dates and ages are in each account's zone.

    A due date stands as if its local time were UTC: one column holds the times of many zones.
    """
    frame = BREAKS.arrange(frame_of(COLUMNS, [_values(known, accounts, limits) for known in breaks]))
    facts = frame.drop(columns=[EXPORT, c.AGE_DAYS])
    rows = [list(map(str, row)) for row in facts.itertuples(index=False, name=None)]
    export = hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()[:16]
    return frame.assign(**{EXPORT: pd.Series([export] * len(frame), dtype=c.TEXT)})


def frame_of(columns: Sequence[Column], rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Rows of values by column name as a frame with the dtypes that the columns are written from."""
    return pd.DataFrame(
        {
            column.name: c.typed([row.get(column.name) for row in rows], _DTYPES.get(column.kind, c.TEXT))
            for column in columns
        }
    )


def _values(known: KnownBreak, accounts: Mapping[str, Account], limits: ApprovalLimits) -> dict[str, object]:
    break_ = known.latest
    zone = zone_of(break_.account, accounts)
    return {
        c.BREAK_ID: break_.id,
        VERSION: known.version,
        c.SEVERITY: break_.severity.word,
        c.CODE: break_.code,
        c.ACCOUNT: break_.account,
        c.ORDER_ID: break_.order_id,
        c.CHARGE_ID: break_.charge_id,
        c.SUBJECT_ID: f"{break_.subject_type} {break_.subject_id}",
        c.EXPECTED: break_.expected,
        c.ACTUAL: break_.actual,
        c.DIFFERENCE: break_.difference,
        c.AMOUNT_AT_RISK: break_.amount_at_risk,
        c.CURRENCY: break_.currency,
        c.AGE_DAYS: known.age_days(known.last_seen, zone),
        c.DUE_BY: break_.due_by and break_.due_by.astimezone(zone).replace(tzinfo=UTC),
        c.OWNER: known.owner,
        c.STATUS: known.status.value,
        RESTS_ON: _rests_on(known, limits),
        c.EXPLANATION: break_.explanation,
        c.SUGGESTION: break_.suggestion,
    }


def _rests_on(known: KnownBreak, limits: ApprovalLimits) -> str | None:
    """What a break waits for or rests on, who asked for it, and the sum that one person decides alone."""
    standing = known.standing
    if standing is None:
        return None
    currency = known.latest.currency or ""
    limit = limits.of(standing.kind, currency) if currency else None
    words = f"{standing.kind.replace('_', ' ')}, asked for by {standing.who}"
    words += "" if limit is None else f" (limit {limits.currencies.words(limit, currency)})"
    return f"{words}: {standing.reason}" if standing.reason else words
