"""A plain reading of what is said of ledger, fees, receipts, balance, payouts and bank: loops over rows, no frames.

It gives of a world (`odd_ledgers`) every break as code and subject, and what the waterfall's lines come to.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.kit.odd_ledgers import BANGKOK, DAY, Row, World, half_up, local, signed

Found = tuple[str, str, str]  # code, subject, the charge or transfer that it is of
NEVER_PAID = ("failed", "expired", "reversed")
HOMES = {"chrg": "charge", "rfnd": "refund", "dspt": "dispute", "trsf": "transfer", "rcpt": "receipt"}
SMALLEST = {"THB": 3_000, "JPY": 260}  # transfer


def reading(world: World) -> set[tuple[str, str]]:
    """Every break of these groups; of a charge or transfer the first code of a group is the one."""
    found: set[tuple[str, str]] = set()
    for name in world.places:
        for group in (ledger(world, name), payouts(world, name)):
            said: dict[str, str] = {}
            found |= {(code, subject) for code, subject, of in group if said.setdefault(of, code) == code}
        found |= {("receipt_mismatch", subject) for subject in receipts(world, name)}
        if balance_differs(world, name):
            found.add(("balance_mismatch", name))
    orders = {row["order_id"]: row for row in world.rows["orders"]}
    order_of = {row["charge_id"]: orders.get(row["order_ref"]) for row in world.rows["charges"]}
    for row in world.rows["disputes"]:
        if row["status"] in ("open", "pending"):
            found.add(("dispute_open", row["dispute_id"]))
        elif row["status"] == "lost" and order_of[row["charge_id"]]:
            found.add(("dispute_lost", row["dispute_id"]))
    return found


def is_late(world: World, name: str, moment: datetime, days: int) -> bool:
    """Now is after the midnight that ends the n-th business day after the moment's."""
    place = world.places[name]
    day = local(moment, place.account.zone)
    while days:
        day += DAY
        days -= day.weekday() < 5 and day not in place.off
    return world.now > datetime.combine(day + DAY, time.min, place.account.zone)


def ledger(world: World, name: str) -> Iterator[Found]:
    booked = {row["transaction_id"]: row for row in world.of("transactions", name)}
    charges = [row for row in world.of("charges", name) if row["status"] == "successful"]
    refunds = [row for row in world.of("refunds", name) if row["status"] != "failed"]
    due = [(row["charge_id"], row["charge_id"], row["net"], row) for row in charges]
    due += [(row["refund_id"], row["charge_id"], -row["funding_amount"], row) for row in refunds]
    for subject, of, _, row in due:
        if row["transaction_id"] not in booked:
            yield "transaction_missing", subject, of
    told = set()
    for subject, of, amount, row in due:
        own = booked.get(row["transaction_id"])
        is_void = "refund_id" in row and row["voided"]  # of the gross or of the net: nobody knows
        if own and signed(own) != amount and not is_void:
            told.add(own["transaction_id"])
            yield "transaction_amount_mismatch", subject, of
    for row in charges:
        fee = half_up(row["funding_amount"] * Fraction(row["fee_rate"]) / 100) + int(Fraction(row["fee_flat"]))
        vat = half_up(row["fee"] * Fraction(row["vat_rate"]) / 100)
        if row["fee"] != fee:
            yield "fee_mismatch", row["charge_id"], row["charge_id"]
        elif abs(row["fee_vat"] - vat) > 1:
            yield "fee_vat_mismatch", row["charge_id"], row["charge_id"]
    yield from (("transaction_unexplained", *subject) for subject in unexplained(world, name, told))


def unexplained(world: World, name: str, told: set[str]) -> Iterator[tuple[str, str]]:
    rows = world.of("transactions", name)
    known = {row[f"{kind}_id"]: row for kind in HOMES.values() for row in world.of(f"{kind}s", name)}
    rests: Counter[str] = Counter()
    for row in rows:
        rests[row["origin"]] += signed(row)
    kinds: set[str] = set()
    for row in sorted(rows, key=lambda row: (row["first_seen_at"], row["transaction_id"])):
        id, origin, moved = row["transaction_id"], row["origin"], signed(row)
        kind = (origin or "").split("_")[0]
        thing = known.get(origin)
        if origin and kind not in HOMES:  # one of a kind
            odd = kind not in kinds
            kinds.add(kind)
        elif thing is None:
            odd = True
        elif kind == "chrg" and thing["status"] in NEVER_PAID:
            odd = rests[origin] * moved > 0
        elif kind == "chrg":
            odd = moved < 0 <= thing["net"] and not thing["voided"]
        elif kind == "rfnd":
            odd = moved > 0 and thing["status"] != "failed" and id not in told
        else:
            odd = kind == "trsf" and moved > 0 and not thing["failure_code"]
        if odd:
            yield id, origin if kind == "chrg" else id


def receipts(world: World, name: str) -> Iterator[str]:
    """The first receipt of each day on which they are not the fees and VAT of its charges and transfers."""
    of_day: defaultdict[str, list[Row]] = defaultdict(list)
    for row in world.of("receipts", name):
        of_day[row["issued_on"]].append(row)
    base, vat, voided_base, voided_vat = (Counter[str]() for _ in range(4))
    charges = {row["charge_id"]: row for row in world.of("charges", name) if row["status"] == "successful"}
    costs = [(row["paid_at"], row["fee"] + row["interest"], row["fee_vat"]) for row in charges.values()]
    sent = [row for row in world.of("transfers", name) if row["sent_at"] and not row["failure_code"]]
    costs += [(row["sent_at"], row["fee"], row["fee_vat"]) for row in sent]
    for at, fee, tax in costs:
        base[local(at, BANGKOK).isoformat()] += fee
        vat[local(at, BANGKOK).isoformat()] += tax
    for row in world.of("refunds", name):
        if row["voided"]:
            of, day = charges[row["charge_id"]], local(row["created_at"], BANGKOK).isoformat()
            voided_base[day] += of["fee"] + of["interest"]
            voided_vat[day] += of["fee_vat"]
    issued = {row["receipt_id"]: row["issued_on"] for row in world.of("receipts", name)}
    for row in world.of("transactions", name):
        if row["origin"] in issued:
            vat[issued[row["origin"]]] -= signed(row)
    for day, rows in of_day.items():
        says_base, says_vat = sum(row["total"] - row["vat"] for row in rows), sum(row["vat"] for row in rows)
        agrees = any(
            abs(says_base - base[day] + taken_off * voided_base[day]) <= len(rows)
            and abs(says_vat - vat[day] + taken_off * voided_vat[day]) <= len(rows)
            for taken_off in (0, 1)  # whether a voided charge's fee stands on a receipt was never seen
        )
        if not agrees:
            yield min(row["receipt_id"] for row in rows)


def balance_differs(world: World, name: str) -> bool:
    """The first reading and what was stored since are not the last."""
    readings = world.of("readings", name)
    if len(readings) < 2:
        return False
    first, last = readings[0], readings[-1]
    since = [
        row for row in world.of("transactions", name) if first["read_at"] < row["first_seen_at"] <= last["read_at"]
    ]
    return bool(first["total"] + sum(map(signed, since)) != last["total"])


def unpaid(world: World, name: str) -> Iterator[tuple[datetime, Row, int]]:
    """What no debit has used up of each credit, the oldest free first.

    A transfer takes only what was free when it was booked, any other debit also what is free later; what a reading
    does not hold any more is gone, too.
    """
    rows = world.of("transactions", name)
    credits = [(max(row["transferable_at"], row["created_at"]), row) for row in rows if row["direction"] == "credit"]
    credits.sort(key=lambda credit: (credit[0], credit[1]["created_at"], credit[1]["transaction_id"]))
    transfers = world.of("transfers", name)
    turns = {row["transaction_id"]: row["created_at"] for row in transfers if row["transaction_id"]}
    by_id = {row["transfer_id"]: row["created_at"] for row in transfers}
    debits = []
    for row in rows:
        if row["direction"] == "debit":
            turn = turns.get(row["transaction_id"], by_id.get(row["origin"]))
            debits.append((turn or row["created_at"], turn is not None, row["transaction_id"], row))
    before = next((row["before"] for row in world.of("readings", name)), None)
    used = max(0, -(before or 0))
    for _, is_transfer, _, row in sorted(debits, key=lambda debit: debit[:3]):
        free = sum(credit["amount"] for at, credit in credits if at <= row["created_at"])
        used += min(row["amount"], max(0, free - used)) if is_transfer else row["amount"]
    if before is not None:
        used = max(used, sum(debit[3]["amount"] for debit in debits) - before)
    for at, row in credits:
        rest, used = max(0, row["amount"] - used), max(0, used - row["amount"])
        if rest:
            yield at, row, rest


def payouts(world: World, name: str) -> Iterator[Found]:
    place = world.places[name]
    left = list(unpaid(world, name))
    if sum(rest for at, _, rest in left if at <= world.now) >= SMALLEST.get(place.account.currency, 0):
        first: dict[date, str] = {}
        for at, row, _ in left:
            if (row["origin"] or "").startswith("chrg") and is_late(world, name, at, 3):
                first.setdefault(local(at, place.account.zone), row["origin"])
        yield from (("settlement_overdue", charge, charge) for charge in first.values())
    booked = {row["transaction_id"]: row for row in world.of("transactions", name)}
    for row in world.of("transfers", name):
        id, own = row["transfer_id"], booked.get(row["transaction_id"])
        if row["failure_code"]:
            yield "transfer_failed", id, id
        if row["amount"] != row["net"] + row["fee"] + row["fee_vat"] or (own and signed(own) != -row["amount"]):
            yield "transfer_amount_mismatch", id, id
        if row["sent"] and not row["paid"] and is_late(world, name, row["sent_at"], 3):
            yield "transfer_stuck", id, id
    if place.fee_bound is not None:
        yield from bank(world, name, place.fee_bound)


def bank(world: World, name: str, fee: int) -> Iterator[Found]:
    zone = world.places[name].account.zone
    credits = sorted(
        (row for row in world.of("bank_lines", name) if row["amount"] > 0),
        key=lambda row: (row["booked_on"], row["line_id"]),
    )
    alive = [row for row in world.of("transfers", name) if row["sent"] and not row["failure_code"]]
    naming = [row for row in credits if "trsf_" in row["description"]]
    rest = [row for row in credits if row not in naming]
    waiting = []
    for transfer in alive:
        own = [row for row in naming if transfer["transfer_id"] in row["description"]]
        naming = [row for row in naming if row not in own]
        if not own:
            waiting.append(transfer)
            continue
        together = 0 <= transfer["net"] - sum(row["amount"] for row in own) <= fee
        alone = [row for row in own if row["amount"] == transfer["net"]]
        alone = alone or [row for row in own if not together and 0 < transfer["net"] - row["amount"] <= fee]
        if alone:
            naming += [row for row in own if row is not alone[0]]
        elif not together:
            yield "bank_amount_mismatch", transfer["transfer_id"], transfer["transfer_id"]
    for slack in (0, fee):
        for transfer, credit in most_and_nearest(waiting, rest, slack, zone):
            waiting.remove(transfer)
            rest.remove(credit)
    for transfer in list(waiting):
        day = local(transfer["paid_at"], zone) if transfer["paid"] else None
        same_day = [row for row in waiting if row["paid"] and local(row["paid_at"], zone) == day]
        of_day = [row for row in rest if day and row["booked_on"] == day.isoformat()]
        is_alone = len(same_day) == len(of_day) == 1
        if is_alone and abs(transfer["net"] - of_day[0]["amount"]) <= max(transfer["net"] // 20, fee):
            waiting.remove(transfer)
            rest.remove(of_day[0])
            yield "bank_amount_mismatch", transfer["transfer_id"], transfer["transfer_id"]
    for transfer in waiting:
        if transfer["paid"] and is_late(world, name, transfer["paid_at"], 2):
            yield "bank_credit_missing", transfer["transfer_id"], transfer["transfer_id"]
    yield from (("bank_credit_unexplained", row["line_id"], row["line_id"]) for row in (*rest, *naming))


def most_and_nearest(waiting: list[Row], rest: list[Row], slack: int, zone: ZoneInfo) -> list[tuple[Row, Row]]:
    """All choices are tried: as many pairs as there can be, of these the fewest days."""

    def apart(transfer: Row, credit: Row) -> int:
        paid = local(transfer["paid_at"] or transfer["sent_at"], zone)
        return (date.fromisoformat(credit["booked_on"]) - paid).days

    def fits(transfer: Row, credit: Row) -> bool:
        early = date.fromisoformat(credit["booked_on"]) < local(transfer["sent_at"], zone) - DAY
        return not early and apart(transfer, credit) <= 10 and 0 <= transfer["net"] - credit["amount"] <= slack

    def best(transfers: list[Row], credits: list[Row]) -> tuple[int, int, list[tuple[Row, Row]]]:
        if not transfers:
            return 0, 0, []
        found = best(transfers[1:], credits)
        for credit in credits:
            if fits(transfers[0], credit):
                count, nearness, pairs = best(transfers[1:], [row for row in credits if row is not credit])
                days = apart(transfers[0], credit)
                made = (count + 1, nearness - 2 * abs(days) - (days < 0), [(transfers[0], credit), *pairs])
                found = max(found, made, key=lambda choice: choice[:2])
        return found

    ordered = sorted(waiting, key=lambda row: (local(row["paid_at"] or row["sent_at"], zone), row["transfer_id"]))
    return best(ordered, rest)[2]


def waterfall(world: World, name: str, first: date, last: date) -> dict[str, int]:
    """What each line comes to; lines of nothing are left out."""
    zone = world.places[name].account.zone
    things = {row[f"{kind}_id"]: row for kind in HOMES.values() for row in world.of(f"{kind}s", name)}
    lines: Counter[str] = Counter()
    lines["opening"] = next((row["before"] for row in world.of("readings", name)), 0)
    for row in world.of("transactions", name):
        day = local(row["created_at"], zone)
        if day < first:
            lines["opening"] += signed(row)
        elif day <= last:
            lines.update(dict(lines_of(row, things.get(row["origin"]))))
    lines["closing"] = lines.total()
    return {line: amount for line, amount in lines.items() if amount}


def lines_of(row: Row, thing: Row | None) -> Iterator[tuple[str, int]]:
    """One transaction, taken apart where it is a sale."""
    moved, kind = signed(row), (row["origin"] or "").split("_")[0]
    own = bool(thing and thing.get("transaction_id") == row["transaction_id"])
    if kind == "chrg" and thing and own and thing["status"] not in NEVER_PAID:
        yield "sales", thing["funding_amount"]
        yield from ((f"{cost}s" if cost == "fee" else cost, -thing[cost]) for cost in ("fee", "fee_vat", "interest"))
        yield "other", moved - thing["net"]
    elif kind == "chrg":
        yield "voids" if thing and thing["voided"] and moved < 0 else "other", moved
    elif kind == "rfnd":
        yield "voids" if thing and thing["voided"] else "refunds", moved
    elif kind in ("dspt", "trsf"):
        credit, debit = {"dspt": ("disputes_won", "disputes_opened"), "trsf": ("payouts_returned", "payouts")}[kind]
        yield credit if moved > 0 else debit, moved
    else:
        yield "receipt_adjustments" if kind == "rcpt" else "other", moved
