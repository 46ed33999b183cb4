"""What must hold of every month's end: the waterfall closes, the journal balances, and is the waterfall."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
from beancount import loader

from recon import columns as c
from recon.journal.exporting import entries_of, to_export
from recon.journal.words import LedgerAccount
from recon.model import MOVING_LINES, Account, BalanceLine
from recon.money import Currencies
from reports.journal.files import files
from reports.journal.layouts import layouts
from reports.journal.rows import Assertion
from tests.kit.journal_files import codes_of
from tests.kit.journals import signed_amounts


def faults(waterfall: pd.DataFrame, journal: pd.DataFrame) -> list[str]:
    """What does not hold of a WATERFALL and the JOURNAL of the same days, in words; none: the month can be closed."""
    found = []
    own = waterfall[waterfall[c.CURRENCY] == waterfall[c.CURRENCY].iloc[0]]
    lines = dict(zip(own[c.LINE], own[c.AMOUNT].tolist(), strict=True))
    if lines[BalanceLine.OPENING] + sum(lines[line] for line in MOVING_LINES) != lines[BalanceLine.CLOSING]:
        found.append("the lines do not lead from the opening to the closing")
    read = [lines.get(line, 0) for line in (BalanceLine.BOOKED_SINCE, BalanceLine.DIFFERENCE)]
    if lines[BalanceLine.CLOSING] + sum(read) != lines.get(BalanceLine.READING, lines[BalanceLine.CLOSING]):
        found.append("the closing and what came after it are not the reading")
    signed = journal.assign(signed=signed_amounts(journal))
    found += [f"{entry}: debits are not credits" for entry, sums in signed.groupby(c.ENTRY)["signed"] if sums.sum()]
    clearing = signed[signed[c.LEDGER_ACCOUNT] == str(LedgerAccount.CLEARING)]
    booked: dict[Any, int] = clearing.groupby([c.ENTRY_KIND, c.CURRENCY])["signed"].sum().to_dict()
    rows = waterfall[waterfall[c.LINE].isin(list(MOVING_LINES))]
    moving: dict[Any, int] = rows.set_index([c.LINE, c.CURRENCY])[c.AMOUNT].to_dict()
    found += [
        f"{line} {currency}: the journal's clearing is not the balance's movement"
        for line, currency in sorted(booked.keys() | moving.keys())
        if booked.get((line, currency), 0) != moving.get((line, currency), 0)
    ]
    return found


def beancount_errors(
    waterfall: pd.DataFrame, journal: pd.DataFrame, account: Account, days: tuple[date, date]
) -> Any:
    """What beancount says of the whole journal's export, with the clearing account's balance before and after."""
    codes = codes_of("beancount")
    clearing = codes.accounts[LedgerAccount.CLEARING]
    lines = dict(zip(waterfall[c.LINE], waterfall[c.AMOUNT].tolist(), strict=True))
    moments = {BalanceLine.OPENING: days[0], BalanceLine.CLOSING: days[1] + timedelta(days=1)}
    balances = [Assertion(day, clearing, lines[line], account.currency) for line, day in moments.items()]
    entries = to_export([codes.on(entry) for entry in entries_of(journal, account, "day")], [])
    made = files(layouts()["beancount"], Currencies(), entries, balances)
    opened = [f"2000-01-01 open {code}" for code in (*codes.accounts.values(), "Equity:Opening")]
    opening = Currencies().show(lines[BalanceLine.OPENING], account.currency).replace(",", "")
    before = ['2000-01-02 * "opening"', f"  {clearing}  {opening} {account.currency}", "  Equity:Opening", ""]
    _, errors, _ = loader.load_string("\n".join([*opened, *before, *(text.decode() for text in made.contents)]))
    return errors
