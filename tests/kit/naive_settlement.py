"""A naive judge of ledger, fees, transfers and bank: plain loops over Omise's JSON and the bank's CSV, for tests."""

import csv
import itertools
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from recon.calendars import business_calendar
from recon.sandbox.worlds.countries import ACCOUNTS
from recon.sandbox.worlds.world import World

Body = Mapping[str, Any]
Found = tuple[str, str, str]
Objects = Mapping[str, Mapping[str, list[Body]]]


def judge_settlement(objects: Objects, world: World, folder: Path) -> list[Found]:
    """Every break of the groups "Ledger and fees" and "Settlement and bank" but balances and stuck transfers."""
    found: list[Found] = []
    for account in objects["charges"]:
        mine = {kind: rows[account] for kind, rows in objects.items()}
        found += judge_ledger(mine) + judge_transfers(mine) + judge_overdue(mine, account, world)
    return found + judge_bank(objects, world, folder)


def judge_ledger(mine: Mapping[str, list[Body]]) -> list[Found]:
    ledger = {row["id"]: row for row in mine["transactions"]}
    found: list[Found] = []
    for charge in mine["charges"]:
        if charge["status"] != "successful":
            continue
        row = ledger.get(charge["transaction"])
        rates = charge["transaction_fees"]
        if row is None:
            found.append(("transaction_missing", "charge", charge["id"]))
        elif row["amount"] != charge["net"] or row["direction"] != "credit":
            found.append(("transaction_amount_mismatch", "charge", charge["id"]))
        elif charge["fee"] != percent(charge["funding_amount"], rates["fee_rate"]):
            found.append(("fee_mismatch", "charge", charge["id"]))
        elif abs(charge["fee_vat"] - percent(charge["fee"], rates["vat_rate"])) > 1:
            found.append(("fee_vat_mismatch", "charge", charge["id"]))
    for refund in mine["refunds"]:
        row = ledger.get(refund["transaction"])
        if row is None:
            found.append(("transaction_missing", "refund", refund["id"]))
        elif not refund["voided"] and (row["amount"], row["direction"]) != (refund["funding_amount"], "debit"):
            found.append(("transaction_amount_mismatch", "refund", refund["id"]))
    ids = {row["id"] for row in itertools.chain(*mine.values())}
    for row in ledger.values():
        if row["origin"] not in ids or (row["origin"].startswith("chrg") and row["direction"] == "debit"):
            found.append(("transaction_unexplained", "transaction", row["id"]))
    return found


def percent(amount: int, rate: str) -> int:
    return int((amount * Decimal(rate) / 100).quantize(Decimal(1), ROUND_HALF_UP))


def judge_transfers(mine: Mapping[str, list[Body]]) -> list[Found]:
    found = []
    for transfer in mine["transfers"]:
        debit = sum(row["amount"] for row in transfer["transactions"])
        if transfer["failure_code"]:
            found.append(("transfer_failed", "transfer", transfer["id"]))
        elif transfer["amount"] != transfer["net"] + transfer["total_fee"] or (
            transfer["sent"] and debit != transfer["amount"]
        ):
            found.append(("transfer_amount_mismatch", "transfer", transfer["id"]))
    return found


def judge_overdue(mine: Mapping[str, list[Body]], account: str, world: World) -> list[Found]:
    """Credits that the debits of all time leave over, oldest first gone."""
    rows = mine["transactions"]
    gone = sum(row["amount"] for row in rows if row["direction"] == "debit")
    zone, region = ACCOUNTS[account].zone, ACCOUNTS[account].region
    off = business_calendar(region, zone, world.as_of.date()).days_off
    today = world.as_of.astimezone(zone).date()
    credits = sorted((at(row["transferable_at"]), row["id"], row) for row in rows if row["direction"] == "credit")
    rest: list[tuple[datetime, Body]] = []
    for free, _, row in credits:
        taken = min(gone, row["amount"])
        gone -= taken
        if taken < row["amount"] and free <= world.as_of:
            rest.append((free, {**row, "amount": row["amount"] - taken}))
    if sum(row["amount"] for _, row in rest) < {"th": 3_000, "jp": 260}.get(account, 0):
        return []
    first: dict[date, str] = {}
    for free, row in rest:
        day = free.astimezone(zone).date()
        if row["origin"].startswith("chrg") and business_days_on(day, 3, off) < today:
            first.setdefault(day, row["origin"])
    return [("settlement_overdue", "charge", id) for id in first.values()]


def business_days_on(day: date, count: int, off: tuple[date, ...]) -> date:
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5 and day not in off
    return day


def judge_bank(objects: Objects, world: World, folder: Path) -> list[Found]:
    """By net and day; what is left on the same day is another amount. Days are those of the account."""
    found: list[Found] = []
    for path in world.write_bank(folder):
        account = path.stem.removeprefix("bank_")
        zone, currency = ACCOUNTS[account].zone, ACCOUNTS[account].currency
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["description"].startswith("OMISE")]
        lines: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            lines[row["date"]].append(int(Decimal(row["amount"]) * (1 if currency == "JPY" else 100)))
        paid = [t for t in objects["transfers"][account] if t["paid"]]
        left = []
        for transfer in paid:
            day = at(transfer["paid_at"]).astimezone(zone).date().isoformat()
            if transfer["net"] in lines[day]:
                lines[day].remove(transfer["net"])
            else:
                left.append((transfer, day))
        for transfer, day in left:
            near = [amount for amount in lines[day] if amount * 2 > transfer["net"]]
            if near:
                lines[day].remove(near[0])
            wrong = transfer["amount"] != transfer["net"] + transfer["total_fee"]
            code = "bank_amount_mismatch" if near else "bank_credit_missing"
            found += [] if wrong else [(code, "transfer", transfer["id"])]
        found += [("bank_credit_unexplained", "bank_line", str(amount)) for rest in lines.values() for amount in rest]
    return found


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
