"""Plays nights and rulings on a merchant of two accounts, and holds each break against a naive keeper."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from copy import copy, deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from jobs.config import config as configuration
from jobs.desk.actions import do, prove_audit
from jobs.desk.comparing import runs_diff
from jobs.desk.verifying import sign
from jobs.run import run as road
from jobs.run import stages
from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import JobError, Outcome, RunOptions
from jobs.run.pulled import Pulled
from recon import columns as c
from recon.model import KnownBreak, Window
from recon.model.rulings import Answer, RulingKind, RulingRequest
from recon.store.desk import workbooks
from recon.store.engine import Store
from recon.store.runs.record import list_breaks
from recon.store.versions.save import PulledWindow, save_objects, save_windows
from tests.kit.history_steps import BOTH, Act, Decide, Pattern, Rule, Run, Say, Wait
from tests.kit.job import Silent
from tests.kit.naive_breaks import CLOSED, Keeper, Life, Look, Ruling
from tests.kit.naive_cases import Charge, Key, Order, Slot, day_of
from tests.kit.store_samples import charge, empty_store

OFF = (
    "transaction_missing transaction_amount_mismatch fee_mismatch fee_vat_mismatch settlement_overdue "
    "balance_mismatch receipt_mismatch proof_unexplained method_unknown method_not_in_region"
)
CONFIG = """
[store]
url = "sqlite:///recon.db"
[accounts.th]
region = "TH"
currency = "THB"
timezone = "Asia/Bangkok"
secret_key = { file = "key" }
[accounts.tb]
region = "TH"
currency = "THB"
timezone = "Asia/Bangkok"
secret_key = { file = "other_key" }
[orders.shop]
kind = "csv"
path = "orders.csv"
amount_unit = "minor"
[matching]
window = "1s"
[rulings]
trusted_names = true
write_off_limit = { THB = "100.00" }
link_limit = { THB = "102.50" }
""" + "".join(f"[rules.{code}]\nenabled = false\n" for code in OFF.split())
HEADER = "order_id,account,amount,currency,status,created_at,refunded_amount,payment_method,charge_id"
FIRST = date(2026, 3, 3)
START = datetime(2026, 3, 4, 18, 30, tzinfo=UTC)  # half past one on the 5th in Bangkok
MINUTE, DAY, YOUNG = timedelta(minutes=1), timedelta(days=1), timedelta(hours=2)
_SLOTS = (
    ("A0", "th", 0),
    ("A1", "th", 1),
    ("B2", "th", 2),
    ("A3", "tb", 0),
    ("B4", "tb", 1),
    ("B5", "th", 0),
    ("B6", "tb", 3),
)
_CAN = {
    "undo": ("resolved", "written_off", "pending_approval", "acknowledged"),
    "approve": ("pending_approval",),
    "reject": ("pending_approval",),
    "reopen": ("resolved", "written_off"),
}


T = TypeVar("T")


class Difference(AssertionError):
    """What the product has, and what the keeper."""


class Merchant:
    """A store, the product's ways to it, and the keeper of the same."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("key", "other_key"):
            (folder / name).write_text("skey_test_1", encoding="utf-8")
        (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
        empty_store(folder / "recon.db")
        self.config = configuration.load(folder / "config.toml", {})
        self.keeper = Keeper([_slot(number, *slot) for number, slot in enumerate(_SLOTS)], START)
        self.runs: list[datetime] = []

    def copied(self, folder: Path) -> "Merchant":
        """Another, in a folder of its own, of the same past."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        other = copy(self)
        other.folder, other.config = folder, configuration.load(folder / "config.toml", {})
        other.keeper, other.runs = deepcopy(self.keeper), list(self.runs)
        return other

    def play(self, acts: Sequence[Act]) -> None:
        """Raises Difference after the act that made one."""
        for number, act in enumerate(acts):
            try:
                self.act(act)
                if not isinstance(act, Wait | Say):
                    self.compare()
            except AssertionError as wrong:
                played = "".join(f"\n  {done}" for done in acts[: number + 1])
                raise Difference(f"{wrong}\nafter{played}") from wrong
        assert not prove_audit(self.config)

    def act(self, act: Act) -> None:
        self.keeper.now += MINUTE
        match act:
            case Wait():
                self.keeper.now += act.days * DAY
            case Say():
                self._say(act)
            case Run():
                self._run(act)
            case Rule():
                self._rule(act)
            case Pattern():
                self._pattern(act)
            case Decide():
                self._decide(act)

    def compare(self) -> None:
        """Every break's status and events, and every signature."""
        has = {_key(known): known.status.value for known in self.breaks()}
        keeps = {key: life.status for key, life in self.keeper.lives.items()}
        _same("breaks", has, keeps)
        _same("events", self.events(), {key: life.events for key, life in self.keeper.lives.items()})
        signed = self.in_store(workbooks.standing)
        _same(
            "signatures",
            dict.fromkeys(((one.account, (one.first_day, one.last_day), one.who) for one in signed), "stands"),
            dict.fromkeys(
                ((one.account, one.days, one.who) for one in self.keeper.signatures if not one.ended), "stands"
            ),
        )

    def in_store(self, ask: Callable[[Store], T]) -> T:
        store = open_ready_store(self.config)
        try:
            return ask(store)
        finally:
            store.dispose()

    def breaks(self) -> list[KnownBreak]:
        return self.in_store(list_breaks)

    def events(self) -> dict[Key, list[str]]:
        """What happened to each break, in order; other words for the same facts are none."""
        with closing(sqlite3.connect(self.folder / "recon.db")) as connection:
            rows = connection.execute("select break_id, what, detail from break_event order by seq").fetchall()
        told: dict[str, list[str]] = {known.latest.id: [] for known in self.breaks()}
        for break_id, what, detail in rows:
            is_of_words = what == "changed" and detail.startswith("explanation: ")
            is_said = what == "not_covered" == (told[break_id] or [""])[-1]  # once more, as the words changed
            if not is_of_words and not is_said:
                told[break_id].append(what)
        return {_key(known): told[known.latest.id] for known in self.breaks()}

    # What the world says.

    def _say(self, act: Say) -> None:
        slot = self.keeper.slots[act.slot]
        if isinstance(act.side, Order):
            slot.order = act.side
        else:
            slot.charge = act.side
            self._omise_says()

    def bring(self) -> None:
        """What shop and Omise say by now, as the next run finds it."""
        self._shop_says()
        self._omise_says()
        self.in_store(self._pulled_all)

    def _omise_says(self) -> None:
        """Charges are stored as they are seen, as a webhook has it."""
        now = self.keeper.now
        for slot in self.keeper.slots:
            known = slot.known(now, now)[1]
            if slot.charge and slot.charge != known and slot.charge_at <= now - YOUNG:
                slot.charges.append((now, slot.charge))
                self.in_store(partial(_save, slot=slot, now=now))

    def _shop_says(self) -> None:
        """The file of orders, which the next run of whatever account reads."""
        rows = []
        for slot in self.keeper.slots:
            if slot.order and slot.order_at <= self.keeper.now - YOUNG:
                order = slot.order
                made = slot.order_at.isoformat()
                rows.append(
                    f"{slot.name},{slot.account},{order.amount},THB,{order.status},{made},{order.refunded},,\n"
                )
                if slot.known(self.keeper.now, self.keeper.now)[0] != order:
                    slot.orders.append((self.keeper.now, order))
        (self.folder / "orders.csv").write_text(f"{HEADER}\n{''.join(rows)}", encoding="utf-8")

    # Runs.

    def _run(self, act: Run) -> None:
        keeper = self.keeper
        moment = next(
            (
                self.runs[number % len(self.runs)]
                for number in (act.as_of, act.versions_of)
                if self.runs and number is not None
            ),
            None,
        )
        days = self._days(act)
        self._items_say(act)
        self.bring()
        is_past = moment is not None and act.versions_of is not None
        look = keeper.look(act.accounts, days, None if is_past else moment, moment if is_past else None)
        outcome = self._judged(act, days, moment, look)
        if not is_past:
            keeper.remember(look)
        if moment is None:
            self.runs.append(look.as_of)
        keeper.unsign(look)
        if act.signs in act.accounts and not act.meanwhile:
            self._sign(act.signs, look, outcome)
        if act.again and not act.signs:
            self._run_again(act, outcome)

    def _judged(self, act: Run, days: tuple[date, date], moment: datetime | None, look: Look) -> Outcome:
        """One run of the product and of the keeper, with what happens meanwhile."""
        keeper = self.keeper
        counted: dict[str, tuple[int, int]] = {}

        def recorded(*given: Any) -> Any:
            for other in act.meanwhile:
                self.act(other)
            keeper.now += MINUTE
            counted.update(keeper.record(look))
            return record(*given)

        record = stages.record_findings
        options = RunOptions(
            *days,
            accounts=() if len(act.accounts) == len(BOTH) else tuple(act.accounts),
            as_of=moment,
            pull=act.as_of is not None and moment is not None,
            report=bool(act.signs),
            by="test",
            opening=self.folder / "items.csv" if act.items else None,
        )
        with patch.object(road, "record_findings", recorded), _omise_is_quiet():
            outcome = asyncio.run(road.run(self.config, options, lambda: keeper.now, Silent()))
        assert outcome.complete, outcome.messages
        if moment is None and not act.meanwhile:
            self._counts(outcome, look, counted)
            self._registers(outcome)
        return outcome

    def _counts(self, outcome: Outcome, look: Look, counted: dict[str, tuple[int, int]]) -> None:
        """What the run says in numbers."""
        for result in outcome.results:
            name = result.account.name
            figures = self.keeper.figures(name, look)
            still_open = sum(status not in CLOSED for status in map(str, result.breaks["status"]))
            breaks = (still_open, result.breaks_new, result.breaks_closed)
            _same(f"counts of breaks of {name}", breaks, (len(figures.open), *counted[name]))
            _same(f"orders and charges of {name}", (result.orders, result.charges), (figures.orders, figures.charges))
            rate = (result.matched_orders, result.expecting_orders)
            _same(f"match rate of {name}", rate, (figures.matched, figures.expecting))

    def _registers(self, outcome: Outcome) -> None:
        """A ruling holds on the run's own sheet where a break rests on it once that is recorded, and only there."""
        rest_on = {f"rul_{known.standing.ruling_id}" for known in self.breaks() if known.standing}
        for result in outcome.results:
            names = (c.RULING_ID, c.DECISION, c.STANDING)
            for name, decision, stands in zip(*(result.register[name] for name in names), strict=True):
                if decision not in ("link", "ignore"):  # they outlive what they were made on
                    holds = stands in ("in force", "waits for approval")
                    _same(f"whether {name} ({decision}, {stands}) holds", holds, name in rest_on)

    def _run_again(self, act: Run, before: Outcome) -> None:
        """The same once more: nothing may happen."""
        events, lives = self.events(), self.breaks()
        self.keeper.now += MINUTE
        after = self._judged(replace(act, again=False, meanwhile=()), self._days(act), None, self._look_again(act))
        self.runs.append(self.keeper.now)
        _same("events of the same run again", self.events(), events)
        _same("breaks of the same run again", [one.status for one in self.breaks()], [one.status for one in lives])
        assert all((one.breaks_new, one.breaks_closed) == (0, 0) for one in after.results)
        if before.run_id is not None and after.run_id is not None and not act.meanwhile:
            for part in runs_diff(self.config, before.run_id, after.run_id)["accounts"]:
                rest = {name: value for name, value in part.items() if name not in ("account", "from", "to")}
                assert not any(value for name, value in rest.items() if name != "same_result"), rest

    def _days(self, act: Run) -> tuple[date, date]:
        """Those of the act that are over, in order."""
        yesterday = (self._today() - FIRST).days - 1
        first, last = sorted((min(act.first, yesterday), min(act.last, yesterday)))
        return FIRST + first * DAY, FIRST + last * DAY

    def _pulled_all(self, store: Store) -> None:
        window = Window(START - 90 * DAY, self.keeper.now)
        for account in BOTH:
            save_windows(store, account, [PulledWindow("charge", window, 1, 1, self.keeper.now)])

    def _items_say(self, act: Run) -> None:
        rows = []
        for number, kind, amount, note in act.items:
            slot = self.keeper.slots[number]
            name = slot.name if kind == "order" else slot.charge_id
            rows.append(f"{slot.account},{kind},{name},{amount / 100:.2f},THB,{note}\n")
            self.keeper.item(slot.account, kind, name, amount, note)
        if rows:
            text = "account,kind,id,amount,currency,note\n" + "".join(rows)
            (self.folder / "items.csv").write_text(text, encoding="utf-8")

    def _sign(self, account: str, look: Look, outcome: Outcome) -> None:
        """Somebody signs the account's workbook, where nothing stands in the way."""
        (path,) = [path for path in outcome.reports if path.name.startswith(f"settlement_{account}_")]
        if any((one.account, one.days) == (account, look.days) and not one.ended for one in self.keeper.signatures):
            return
        sign(self.config, path, "preparer", "anna", lambda: self.keeper.now, "known")
        self.keeper.sign(account, look)

    # People.

    def _rule(self, act: Rule) -> None:
        lives = sorted(self.keeper.lives.items())
        able = [pair for pair in lives if pair[1].status in _CAN.get(act.kind, ("open", "acknowledged"))]
        lives = able if act.pick % 7 and able else lives
        if not lives:
            return
        key, life = lives[act.pick % len(lives)]
        until = self._today() + act.days * DAY if act.kind == "acknowledge" else None
        break_id = next(known.latest.id for known in self.breaks() if _key(known) == key)
        order, charged = (life.slot.name, life.slot.charge_id) if act.kind == "link" else (None, None)
        owner = act.who if act.kind == "assign" else None
        answer = self._ask(
            RulingRequest(RulingKind(act.kind), act.who, break_id, "because", until, owner, order, charged)
        )
        self._allows(act, life, answer)
        if answer is not None and answer.outcome in ("applied", "pending_approval"):
            self.keeper.rule(act.kind, act.who, life, answer.outcome == "pending_approval", until)

    def _allows(self, act: Rule, life: Life, answer: Answer | None) -> None:
        """What one person may do alone on a break is done, whatever was before."""
        may = {"resolve": ("open", "acknowledged"), "acknowledge": ("open",), "reopen": CLOSED}.get(act.kind)
        done = answer is not None and answer.outcome == "applied"
        if may is not None:
            _same(f"whether a break that is {life.status} allows {act.kind}", done, life.status in may)

    def _ask(self, request: RulingRequest) -> Answer | None:
        try:
            return do(self.config, request, self.keeper.now, lambda _: None)
        except JobError:
            return None

    def _today(self) -> date:
        return day_of(self.keeper.now)

    def _pattern(self, act: Pattern) -> None:
        until = self._today() + act.days * DAY
        request = RulingRequest(
            RulingKind.IGNORE,
            act.who,
            code=act.code,
            account=act.account,
            pattern=act.match,
            reason="because",
            until=until,
        )
        answer = self._ask(request)
        if answer is not None and answer.outcome == "pending_approval":
            ruling = Ruling(
                "ignore", act.who, self.keeper.now, until, True, code=act.code, account=act.account, match=act.match
            )
            ruling.id = answer.ruling_id or 0
            self.keeper.patterns.append(ruling)

    def _decide(self, act: Decide) -> None:
        if not self.keeper.patterns:
            return
        pattern = self.keeper.patterns[act.pick % len(self.keeper.patterns)]
        answer = self._ask(RulingRequest(RulingKind(act.kind), act.who, target=pattern.id, reason="because"))
        if answer is not None and answer.outcome == "applied":
            if act.kind == "approve":
                assert pattern.who != act.who
                self.keeper.approve_pattern(pattern)
            else:
                self.keeper.end_pattern(pattern)

    def _look_again(self, act: Run) -> Look:
        return self.keeper.look(act.accounts, self._days(act))


@contextmanager
def _omise_is_quiet() -> Iterator[None]:
    """A pull finds nothing: charges are stored already."""

    async def nothing(*_: Any) -> None:
        return None

    async def pulled(on: Any) -> dict[str, Pulled]:
        return {account.name: Pulled(account) for account in on.accounts}

    with (
        patch.object(road, "prove_clock", nothing),
        patch.object(road, "prove_all", nothing),
        patch.object(road, "pull_all", pulled),
        patch.object(road, "latest", lambda _, as_of: as_of),
    ):
        yield


def _slot(number: int, name: str, account: str, day: int) -> Slot:
    order_at = datetime(2026, 3, 3, 1, tzinfo=UTC) + day * DAY + number * timedelta(minutes=37)
    return Slot(name, account, order_at, order_at + (DAY if number == 1 else 5 * MINUTE))


def _save(store: Store, slot: Slot, now: datetime) -> None:
    assert slot.charge is not None
    save_objects(store, slot.account, "charge", [_row(slot, slot.charge)], now)


def _row(slot: Slot, charged: Charge) -> Any:
    took = charged.took
    return charge(
        slot.charge_id,
        charged.status,
        amount=charged.amount,
        captured_amount=charged.amount if took else None,
        currency="THB",
        funding_currency="THB",
        funding_amount=charged.amount,
        net=charged.amount,
        refunded_amount=charged.refunded,
        created_at=slot.charge_at,
        paid=took,
        capture=True,
        authorized=took,
        paid_at=slot.charge_at if took else None,
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        metadata=json.dumps({"order_id": slot.name}) if charged.named else "{}",
    )


def _key(known: KnownBreak) -> Key:
    return known.latest.code, known.latest.account or "", known.latest.subject_id


def _same(what: str, has: Any, keeps: Any) -> None:
    if has == keeps:
        return
    if isinstance(has, dict):
        rows = [
            f"{key}: {has.get(key)}, not {keeps.get(key)}"
            for key in sorted({*has, *keeps}, key=str)
            if has.get(key) != keeps.get(key)
        ]
        raise AssertionError(f"{what}: " + "; ".join(rows))
    raise AssertionError(f"{what}: {has}, not {keeps}")
