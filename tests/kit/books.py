"""Small books for tests of the pure middle: orders and charges in few words, and what the job says of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from recon import columns as c
from recon.matching import links, match
from recon.model import Account, Books, Break, Matching, Window
from recon.rules import CATALOGUE, case_rules, judge
from recon.rules.rule import Rule
from recon.settings import Context, MatchSettings
from recon.settlement import Settled, settle
from recon.triage import Judged, triage
from recon.triage.scope import Range, scope

BANGKOK = ZoneInfo("Asia/Bangkok")
NOON = datetime(2026, 10, 20, 12, tzinfo=BANGKOK).astimezone(UTC)
AS_OF = NOON + timedelta(days=3)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TH = Account("th", "TH", "THB", BANGKOK)
SG = Account("sg", "SG", "SGD", ZoneInfo("Asia/Singapore"))
ACCOUNTS = {"th": TH, "sg": SG}
EVER = Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))
Row = Mapping[str, Any]
_GROUP_OF = {rule.code: rule.group for rule in CATALOGUE}
_EMPTY = {c.FLAG: False, c.MINOR: 0}


def order(id: str = "A-1", amount: int = 10_000, status: str = "paid", **fields: Any) -> Row:
    """An order over THB 100.00, paid, made at noon; `fields` are columns of `columns.ORDERS`."""
    made = fields.get("created_at", NOON)
    return {
        "account": "th",
        "order_id": id,
        "source": "shop",
        "status": status,
        "amount": amount,
        "currency": "THB",
        "created_at": made,
        "refunded_amount": 0,
        "seen_at": made,
        "first_seen_at": fields.get("seen_at", made),
        **fields,
    }


def charge(id: str = "chrg_1", of: str | None = "A-1", amount: int = 10_000, **fields: Any) -> Row:
    """A successful card charge of THB 100.00, made at noon and a minute, that names order `of` in its metadata."""
    made = fields.get("created_at", NOON + MINUTE)
    status = fields.get("status", "successful")
    paid = status == "successful"
    return {
        "account": "th",
        "charge_id": id,
        "status": status,
        "amount": amount,
        "currency": "THB",
        "order_ref": of,
        "captured_amount": amount if paid else None,
        "funding_amount": amount,
        "funding_currency": "THB",
        "fee": 0,
        "fee_vat": 0,
        "interest": 0,
        "interest_vat": 0,
        "net": amount,
        "refunded_amount": 0,
        "method": "card",
        "authorized": paid,
        "paid": paid,
        "voided": False,
        "created_at": made,
        "paid_at": made if paid else None,
        "expires_at": made + 7 * DAY,
        "seen_at": made,
        "first_seen_at": fields.get("seen_at", made),
        **fields,
    }


def failed(id: str, of: str | None = "A-1", **fields: Any) -> Row:
    """A charge that the payer's bank refused."""
    return charge(id, of, **{"status": "failed", "failure_code": "insufficient_fund"} | fields)


def pending(id: str, of: str | None = "A-1", **fields: Any) -> Row:
    """A charge that nobody has paid yet."""
    return charge(id, of, **{"status": "pending"} | fields)


def voided(id: str, of: str | None = "A-1", amount: int = 10_000, **fields: Any) -> Row:
    """A charge that was taken back the same day."""
    return charge(id, of, amount, voided=True, refunded_amount=amount, **fields)


@dataclass(frozen=True)
class Said:
    """What is compared by its words, so that what is made of the same rows is made once for many tests."""

    words: str
    value: Any = field(compare=False)


def said(value: Any) -> Said:
    """By its representation."""
    return Said(repr(value), value)


def build(frame: c.Frame, rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as a frame of that shape; a column that a row lacks is null, false or 0."""
    return _built(frame, said(list(rows))).copy()


@lru_cache(maxsize=64)
def _built(frame: c.Frame, rows: Said) -> pd.DataFrame:
    listed: list[Row] = rows.value
    if not listed:
        return frame.empty()
    unknown = {name for row in listed for name in row} - set(frame.names)
    assert not unknown, f"{frame.name} has no {unknown}"
    empty = {one.name: _EMPTY.get(one.dtype) if one.required else None for one in frame.columns}
    return frame.build({name: [row.get(name, empty[name]) for row in listed] for name in frame.names})


@lru_cache(maxsize=64)
def _matched(orders: Said, charges: Said, settings: Said) -> Matching:
    """Matching asks no clock: it is the same at every moment."""
    return match(build(c.ORDERS, orders.value), build(c.CHARGES, charges.value), settings.value, None)


def books(orders: Sequence[Row], charges: Sequence[Row], as_of: datetime = AS_OF, **others: Sequence[Row]) -> Books:
    """Books of these rows alone."""
    return Books(
        as_of=as_of,
        orders=build(c.ORDERS, orders),
        charges=build(c.CHARGES, charges),
        refunds=build(c.REFUNDS, others.get("refunds", ())),
        transfers=build(c.TRANSFERS, others.get("transfers", ())),
        transactions=build(c.TRANSACTIONS, others.get("transactions", ())),
        disputes=build(c.DISPUTES, others.get("disputes", ())),
        rejected=c.REJECTED.empty(),
    )


@dataclass(frozen=True)
class Job:
    """The settings of one execution of the pure middle; by default everything is judged, three days later."""

    settings: MatchSettings = field(default_factory=MatchSettings)
    context: Context = field(default_factory=lambda: Context(as_of=AS_OF, regions={"th": "TH", "sg": "SG"}))
    window: Window = EVER
    accounts: Mapping[str, Account] = field(default_factory=lambda: ACCOUNTS)
    what: Range | None = None
    recorded: pd.DataFrame | None = None
    group: str | None = "Order and charge"  # whose breaks are said; none: all groups'

    def range(self) -> Range:
        """What is judged."""
        return self.what or Range(self.accounts, dict.fromkeys(self.accounts, self.window))

    def judged(self, orders: Sequence[Row], charges: Sequence[Row], *, everything: bool = False) -> Judged:
        """Matched and triaged."""
        known = books(orders, charges, self.context.as_of)
        (judged,) = self.triaged(known, everything, of=(orders, charges))
        return judged

    def judge_books(self, known: Books, *, everything: bool = False) -> Judged:
        """The same of ready books."""
        (judged,) = self.triaged(known, everything)
        return judged

    def triaged(
        self, known: Books, *everything: bool, of: tuple[Sequence[Row], Sequence[Row]] | None = None
    ) -> list[Judged]:
        """Matched once, triaged once for each; `of`: orders and charges of which the books were made."""
        if of and self.recorded is None:
            matching = _matched(*map(said, of), said(self.settings))
        else:
            matching = match(known.orders, known.charges, self.settings, self.recorded)
        seen = scope(known, matching, self.range())
        rules = case_rules(self.context)
        return [
            Judged(
                known,
                matching,
                seen,
                triage(known, matching, seen, self.context, without_masks(rules) if every else rules),
                nothing_settled(),
                self.accounts,
            )
            for every in everything
        ]

    def breaks(self, orders: Sequence[Row], charges: Sequence[Row]) -> list[Break]:
        """Every break of the group, by subject; judging all cases must find what judging the triaged ones finds."""
        known = books(orders, charges, self.context.as_of)
        found, all_of_them = (
            sorted(judge(judged.triage.cases, self.context), key=_key)
            for judged in self.triaged(known, False, True, of=(orders, charges))
        )
        assert found == all_of_them, "triage hides a break"
        return [one for one in found if self.group in (None, _GROUP_OF[one.code])]

    def says(self, orders: Sequence[Row], charges: Sequence[Row]) -> list[str]:
        """Every break in words: its code and its subject."""
        return [f"{one.code} {one.subject_id}" for one in self.breaks(orders, charges)]

    def break_(self, orders: Sequence[Row], charges: Sequence[Row]) -> Break:
        """The only break."""
        (found,) = self.breaks(orders, charges)
        return found

    def links(self, orders: Sequence[Row], charges: Sequence[Row]) -> list[str]:
        """Every link in words: order, charge, pass."""
        return links_of(self.judged(orders, charges))


def without_masks(rules: Iterable[Rule]) -> list[Rule]:
    """Rules that are asked of every case."""
    return [replace(rule, may_apply=None) for rule in rules]


def links_of(judged: Judged) -> list[str]:
    """Every link in words: order, charge, pass; sorted."""
    found = links(judged.books.orders, judged.books.charges, judged.matching)
    names = [c.ORDER_ID, c.CHARGE_ID, c.MATCHED_BY]
    return sorted(" ".join(row) for row in found[names].itertuples(index=False, name=None))


def ambiguous_of(judged: Judged) -> dict[str, list[str]]:
    """Per ambiguous order the charges that could be its."""
    orders, charges, found = judged.books.orders, judged.books.charges, judged.matching.ambiguous
    return {orders[c.ORDER_ID].iloc[o]: list(charges[c.CHARGE_ID].iloc[list(named)]) for o, named in found.items()}


@cache
def nothing_settled() -> Settled:
    """What settlement makes of empty books, for tests that are about orders and charges alone."""
    return settle(books([], []), np.zeros(0, dtype=bool), {}, Context(AS_OF))


def with_context(**fields: Any) -> Job:
    """A job with other settings of the rules."""
    return Job(context=replace(Job().context, **fields))


def says(orders: Sequence[Row], charges: Sequence[Row]) -> list[str]:
    """Every break that the job says with its defaults, in words."""
    return Job().says(orders, charges)


def day(year: int, month: int, number: int) -> date:
    """A business date."""
    return date(year, month, number)


def _key(found: Break) -> tuple[str, str, str]:
    return (found.code, found.account or "", found.subject_id)
