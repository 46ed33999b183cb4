"""What a run finds near its range is what it would find in the whole history: any history, any order of ranges."""

import json
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jobs.run.judging_request import AccountRequest, JudgingRequest
from jobs.run.related import name_rules
from recon.calendars import business_calendar, days_window
from recon.model import Window
from recon.settings import Context, MatchSettings
from recon.store.engine import open_store
from recon.store.related.charge_names import bring_up_to_date
from recon.store.runs.record import WAITS_FROM, RunAccount, RunFindings, RunRecord, record_run
from recon.store.versions.save import PulledWindow, save_objects, save_orders, save_windows
from tests.kit.books import SG, TH
from tests.kit.related_worlds import both_ways, differences
from tests.kit.store_samples import charge, fresh_url, orders, rejected, row

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PATIENCE = 8 * DAY  # some of what is made and paid is younger
DAYS = 40  # of creation times
ACCOUNTS = {"th": TH, "sg": SG}
CURRENCIES = {"th": "THB", "sg": "SGD"}
NAMES = tuple("ABCDEF")
CLOSE = MatchSettings(window=2 * HOUR, source_keys={"web": ("order_id", "x_reference"), "stall": ("x_reference",)})
RULES = name_rules(CLOSE)

# Creation times crowd on few days, so that what has no name meets its like there.
moments = st.builds(
    lambda day, hour: FIRST + day * DAY + hour * HOUR,
    st.sampled_from((1, 2, 11, 12, 13, 24, 25, 38)),
    st.sampled_from((3, 4, 5, 6, 17)),
)
names = st.sampled_from(NAMES)
amounts = st.sampled_from((100, 100, 100, 250))
some_orders = st.fixed_dictionaries(
    {
        "order_id": names,
        "account": st.sampled_from(("th", "th", "sg")),
        "amount": amounts,
        "created_at": moments,
        "status": st.sampled_from(("paid", "paid", "pending", "cancelled", "refund_requested")),
        "charge_id": st.sampled_from((None, None, None, "chrg_1", "chrg_5")),
        "source": st.sampled_from(("shop", "shop", "web", "stall")),
        "reference": st.sampled_from((None, "r-1", "r-2", "r-1 + r-3")),
    }
)
some_charges = st.fixed_dictionaries(
    {
        "number": st.integers(1, 9),
        "account": st.sampled_from(("th", "th", "sg")),
        "amount": amounts,
        "created_at": moments,
        "status": st.sampled_from(("successful", "successful", "failed", "pending")),
        "named": st.one_of(st.none(), st.none(), names),
        "reference": st.sampled_from((None, None, "r-1", "r-2", "r-3")),
        "told": st.one_of(st.none(), st.lists(names, max_size=2)),
        "late": st.booleans(),
        "refunded": st.booleans(),
    }
)
ranges = st.tuples(st.integers(0, DAYS - 1), st.sampled_from((1, 2, 13)), st.sampled_from((("th",), ("th", "sg"))))
acts = st.lists(
    st.one_of(
        st.tuples(st.just("orders"), st.lists(some_orders, min_size=1, max_size=4)),
        st.tuples(st.just("charges"), st.lists(some_charges, min_size=1, max_size=4)),
        st.tuples(st.just("run"), ranges),
        st.tuples(st.just("index"), st.integers(1, 3)),
    ),
    min_size=3,
    max_size=12,
)


@dataclass
class History:
    """A store that grows, and the clock beside it."""

    store: Any
    now: datetime = FIRST + (DAYS + 3) * DAY
    owners: dict[int, str] = field(default_factory=dict)

    def orders(self, made: list[dict[str, Any]]) -> None:
        rows = [{**one, "currency": CURRENCIES[one["account"]]} for one in made]
        save_orders(self.store, orders(*rows), rejected(), self.now)

    def charges(self, made: list[dict[str, Any]]) -> None:
        for one in made:
            account = self.owners.setdefault(one["number"], one["account"])  # an id is one account's
            currency, key, at = CURRENCIES[account], f"chrg_{one['number']}", one["created_at"]
            paid_at = (at + (9 * DAY if one["late"] else HOUR)) if one["status"] == "successful" else None
            trxn, back = f"trxn_{one['number']}" if paid_at else None, one["refunded"] and paid_at is not None
            words = None if one["told"] is None else " ".join(("pays", *one["told"]))
            money = {"amount": one["amount"], "currency": currency, "funding_currency": currency}
            said = charge(
                key,
                one["status"],
                **money,
                funding_amount=one["amount"],
                net=one["amount"],
                created_at=at,
                paid_at=paid_at,
                transaction_id=trxn,
                description=words,
                refunded_amount=one["amount"] if back else 0,
                metadata=json.dumps({"order_id": one["named"], "x_reference": one.get("reference")}),
            )
            save_objects(self.store, account, "charge", [said], self.now)
            if paid_at is None:
                continue
            self.move(account, str(trxn), "credit", key, one["amount"], paid_at)
            if back:
                refund = f"rfnd_{one['number']}"
                self.move(account, f"trxn_b{one['number']}", "debit", refund, one["amount"], paid_at + DAY)
                values = {"funding_amount": one["amount"], "funding_currency": currency, "created_at": paid_at + DAY}
                part = row(
                    "refund",
                    refund,
                    charge_id=key,
                    status="closed",
                    amount=one["amount"],
                    currency=currency,
                    transaction_id=f"trxn_b{one['number']}",
                    **values,
                )
                save_objects(self.store, account, "refund", [part], self.now)

    def disputes(self, made: list[datetime]) -> None:
        """Disputes of the Thai account that are lost, of charges that nobody knows."""
        values = {
            "status": "lost",
            "amount": 100,
            "currency": "THB",
            "funding_amount": 100,
            "funding_currency": "THB",
        }
        for number, at in enumerate(made):
            dispute = row("dispute", f"dspt_{number}", charge_id="chrg_0", **values, created_at=at)
            save_objects(self.store, "th", "dispute", [dispute], self.now)

    def move(self, account: str, key: str, direction: str, origin: str, amount: int, at: datetime) -> None:
        free_at, currency = at + 3 * DAY, CURRENCIES[account]
        values = {"direction": direction, "origin": origin, "created_at": at, "transferable_at": free_at}
        made = row("transaction", key, amount=amount, currency=currency, **values)
        save_objects(self.store, account, "transaction", [made], self.now)

    def run(self, first: int, days: int, names: tuple[str, ...]) -> None:
        """Both ways find the same; what the near one found is recorded."""
        day = FIRST.date() + first * DAY
        request = self.request(day, day + (days - 1) * DAY, names)
        near, whole = both_ways(self.store, request)
        found = differences(near, whole)
        assert not found, "\n".join(found)
        assert near.raised is not None
        waits = {WAITS_FROM: (request.as_of - PATIENCE).isoformat()}
        run = RunRecord(self.now, self.now, request.as_of, "test", "run", waits, "0", "0", "complete", {})
        parts = [RunAccount(part.account.name, part.first, part.last, {}, "0") for part in request.accounts]
        record_run(self.store, run, RunFindings(parts, near.raised.carry, near.raised.ids, near.links))

    def index(self, piece: int) -> None:
        """What is stored is indexed, so many charges at a time."""
        bring_up_to_date(self.store, ACCOUNTS, RULES, piece)

    def request(self, first: date, last: date, names: tuple[str, ...]) -> JudgingRequest:
        calendars = {name: business_calendar(one.region, one.zone, self.now.date()) for name, one in ACCOUNTS.items()}
        context = Context(self.now, regions={"th": "TH", "sg": "SG"}, calendars=calendars)
        account_requests = tuple(
            AccountRequest(one, first, last, days_window(first, last, one.zone), pulled=True, unassigned=not at)
            for at, one in enumerate(ACCOUNTS[name] for name in names)
        )
        return JudgingRequest(account_requests, ACCOUNTS, self.now, context, CLOSE, (), True)


def test_near_its_range_a_run_finds_what_it_would_find_in_the_whole_history() -> None:
    check(examples=3)


def test_a_charge_that_is_stored_after_others_were_indexed_is_found() -> None:
    order = {"order_id": "A", "account": "th", "amount": 100, "status": "paid", "charge_id": None}
    charge_ = {"account": "th", "amount": 100, "status": "successful", "told": None, "late": False, "refunded": False}
    day_25, day_24 = FIRST + 25 * DAY, FIRST + 24 * DAY
    known = {**charge_, "number": 1, "created_at": day_25, "named": "B"}
    new = {**charge_, "number": 2, "created_at": day_24, "named": "A"}
    range_ = (1, 1, ("th",))
    acts = [("orders", [{**order, "created_at": FIRST + DAY}]), ("charges", [known]), ("index", 1)]
    _same_both_ways([*acts, ("charges", [new]), ("run", range_)])


def test_a_months_dispute_rate_is_of_all_its_stored_charges() -> None:
    """A night of 21 January holds none of the charges that January's disputes are held against."""
    sold = {"account": "th", "amount": 100, "told": None, "named": None, "late": False, "refunded": False}
    states = {1: "successful", 12: "successful", 13: "failed", 18: "successful", 20: "successful", 25: "successful"}
    charges = [
        {**sold, "number": day, "created_at": FIRST + (day - 1) * DAY + 3 * HOUR, "status": status}
        for day, status in states.items()
    ]
    disputes = [FIRST + day * DAY for day in (2, 17, 26)]
    _same_both_ways([("charges", charges), ("disputes", disputes), ("run", (20, 1, ("th",)))])


def check(examples: int) -> None:
    """So many histories, each looked at in both ways by every one of its runs."""
    # No shrinking: one example takes half a second, and what differs is named in words.
    settings(
        max_examples=examples,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow],
    )(given(acts)(_same_both_ways))()


def _same_both_ways(acts: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = History(open_store(fresh_url("sqlite", Path(folder))))
        try:
            for account in ACCOUNTS:
                window = Window(FIRST - DAY, FIRST + (DAYS + 1) * DAY)
                save_windows(history.store, account, [PulledWindow("charge", window, 1, 1, history.now - HOUR)])
            for what, said in acts:
                history.now += HOUR
                getattr(history, what)(*said if what == "run" else (said,))
        finally:
            history.store.dispose()
