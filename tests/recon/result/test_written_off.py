"""What the register says was written off, and the journal's write-off account: the same sums."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon import columns as c
from recon.journal.posting import entries
from recon.journal.words import LedgerAccount
from recon.journal.write_offs import written_off
from recon.model.rulings import RulingState
from recon.result import register as registers
from recon.result.register import Decision, register, write_offs_standing
from tests.kit.journals import signed_amounts
from tests.recon.result.test_register import IN_NOVEMBER, RESULT, decided, numbered, of

DAY = timedelta(days=1)
CODES = ("charge_missing", "order_missing", "amount_mismatch", "dispute_lost", "a_code_of_later")


@st.composite
def write_offs(draw: st.DrawFn) -> list[Decision]:
    """Write-offs of losses and gains before, in and after November; some wait, some were approved, some withdrawn."""
    made = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        known = of(RESULT.first_day, number)
        latest = replace(known.latest, code=draw(st.sampled_from(CODES)), actual=draw(st.sampled_from([0, 900])))
        at = IN_NOVEMBER + draw(st.integers(-25, 9)) * DAY
        state = draw(st.sampled_from([RulingState.STANDS, RulingState.PENDING, RulingState.UNDONE]))
        fields: dict[str, Any] = {
            "amount": draw(st.integers(1, 500)),
            "currency": draw(st.sampled_from(["THB", "USD"])),
        }
        if state == RulingState.STANDS and draw(st.booleans()):
            fields |= {"approved_by": "somchai", "approved_at": at + draw(st.integers(0, 9)) * DAY}
        if state == RulingState.UNDONE:
            fields |= {"ended_by": "mali", "ended_at": at + draw(st.integers(0, 30)) * DAY}
        made.append(decided(number, replace(known, latest=latest), at, standing=state.value, **fields))
    return made


def sums(decisions: list[Decision]) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """By currency and account of the books what the register says of write-offs, and what the journal does."""
    days = (RESULT.first_day, RESULT.last_day)
    booked = written_off(write_offs_standing(decisions, RESULT.as_of), RESULT.account, *days)
    journal = entries(RESULT.account, booked)
    said: Counter[tuple[str, str]] = Counter()
    rows = register(replace(RESULT, journal=journal), decisions, numbered(*decisions))
    rows = rows[rows[c.WRITTEN_OFF].notna()]
    for currency, against, amount in rows[[c.CURRENCY, c.BOOKED_AGAINST, c.WRITTEN_OFF]].to_numpy().tolist():
        said[currency, against] -= amount
        said[currency, LedgerAccount.WRITE_OFF.label] += amount
    names = [c.CURRENCY, c.LEDGER_ACCOUNT]
    kept: Counter[tuple[str, str]] = Counter()
    for (currency, account), amount in zip(journal[names].to_numpy().tolist(), signed_amounts(journal), strict=True):
        kept[currency, LedgerAccount(account).label] += amount
    return (Counter({key: amount for key, amount in said.items() if amount}), kept)


@settings(max_examples=10)
@given(write_offs())
def test_the_register_s_write_offs_are_the_journal_s(decisions: list[Decision]) -> None:
    said, kept = sums(decisions)
    assert said == kept


def test_a_gain_and_a_loss_of_a_day_are_not_added_up() -> None:
    charge_missing = of(RESULT.first_day, 1)
    order_missing = replace(charge_missing, latest=replace(charge_missing.latest, code="order_missing"))
    decisions = [
        decided(1, charge_missing, IN_NOVEMBER, amount=500, currency="THB"),
        decided(2, order_missing, IN_NOVEMBER, amount=200, currency="THB"),
    ]
    said, kept = sums(decisions)
    assert said == kept == {("THB", "Write-offs"): 300, ("THB", "Orders clearing"): -300}


def test_a_gain_that_the_register_takes_for_a_loss_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registers, "loss", lambda ruling, _: ruling.amount)
    known = of(RESULT.first_day, 1)
    gain = replace(known, latest=replace(known.latest, code="order_missing"))
    said, kept = sums([decided(1, gain, IN_NOVEMBER, amount=200, currency="THB")])
    assert said != kept
