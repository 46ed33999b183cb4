"""Planted breaks of ledger, fees, transfers and bank, one function a code; see planting.py.

Each fault is one place where Omise or the bank says something else; all that follows from it is as it would be.
"""

from recon.sandbox.worlds.facts import Charge, Refund, Transaction, Transfer
from recon.sandbox.worlds.maker import METADATA, Maker, Planted, divisible, is_card
from recon.sandbox.worlds.planting import Plants, paid_order
from recon.sandbox.worlds.tariff import DAY, HOUR

BOOKINGS = Plants()

_PAUSED = ("JP", "MY")  # where payouts stop; elsewhere they go on to the end of a world
PAUSE = 6 * DAY  # before the moment of truth


def _paid_by_card(maker: Maker, at: int, *, fee_error: int = 0, vat_error: int = 0, amount: int = 0) -> Charge:
    method = maker.method(is_card)
    order = maker.order(at, amount or maker.amount(method), "paid", method, link=METADATA)
    charge = maker.charge(order, at, method)
    charge.fee_error = fee_error
    charge.vat_error = vat_error
    maker.pay(charge)
    return charge


def _payout(maker: Maker, created: int) -> Transfer:
    """Made of one old card charge alone, all of its net."""
    _paid_by_card(maker, maker.as_of - 36 * DAY)
    return maker.transfer(created, maker.transactions[-1].amount, created + HOUR, created + 2 * HOUR)


def _within_days(maker: Maker) -> int:
    """A moment of the world's days, from which a transfer is reported; not before an old charge is free."""
    return max(maker.start, maker.as_of - 14 * DAY) + maker.rng.randrange(HOUR, 9 * HOUR)


@BOOKINGS.code
def transaction_missing(maker: Maker, at: int) -> tuple[Charge | Refund, str]:
    """A charge, or a refund, that names no balance transaction, or one that is not there."""
    unbooked: Charge | Refund
    if maker.rng.randrange(10) < 3:
        order, charge, paid_at = paid_order(maker, at, maker.method(divisible), "refunded")
        unbooked = maker.refund(charge, paid_at + HOUR)
        order.refunded = unbooked.amount
        note = "its debit is not in the ledger"
    else:
        unbooked = _paid_by_card(maker, at)
        note = "its credit is not in the ledger"
    maker.transactions.pop()
    unbooked.transaction = maker.rng.choice(("", unbooked.transaction))
    return unbooked, note


@BOOKINGS.code
def transaction_amount_mismatch(maker: Maker, at: int) -> tuple[Charge, str]:
    """The ledger has some units more or less than the charge's net."""
    charge = _paid_by_card(maker, at)
    error = maker.rng.choice((-3, -1, 1, 100))
    maker.transactions[-1].amount += error
    return charge, f"credited {error} units off its net"


@BOOKINGS.code
def fee_mismatch(maker: Maker, at: int) -> tuple[Charge, str]:
    """A fee some units off its rate; VAT and net follow from it."""
    error = maker.rng.choice((-2, 1, 5, 90))
    return _paid_by_card(maker, at, fee_error=error), f"a fee {error} units off its rate"


@BOOKINGS.code
def fee_vat_mismatch(maker: Maker, at: int) -> tuple[Charge, str]:
    """VAT two or more units off; the net follows from it."""
    error = maker.rng.choice((2, 7))
    return _paid_by_card(maker, at, vat_error=error), f"VAT {error} units off its rate"


@BOOKINGS.code
def transaction_unexplained(maker: Maker, at: int) -> tuple[Transaction, str]:
    """A movement for a charge that does not exist, or a debit of a charge that only earned."""
    if maker.rng.randrange(2):
        credit = maker.move(at, 1_234, "credit", "charge.captured.net", maker.id("chrg", at))
        return credit, "for a charge that does not exist"
    charge = _paid_by_card(maker, min(at, maker.end - 3 * HOUR))
    debit = maker.move((charge.paid_at or at) + HOUR, 11, "debit", "charge.corrected.debit", charge.id)
    return debit, "debits a charge"


@BOOKINGS.code
def transfer_failed(maker: Maker, _at: int) -> tuple[Transfer, str]:
    """Refused before it was sent: the balance keeps the money, and the next payout takes it."""
    created = maker.as_of - 11 * DAY
    amount = maker.account.transfer_min * 10
    transfer = Transfer(maker.id("trsf", created), created, maker.account, amount, 2**40, 2**40, None)
    transfer.failure = "invalid_recipient"
    maker.transfers.append(transfer)
    return transfer, "invalid_recipient"


@BOOKINGS.code
def transfer_amount_mismatch(maker: Maker, _at: int) -> tuple[Transfer, str]:
    """Its net and fees do not come to its amount; the bank has the net."""
    transfer = _payout(maker, _within_days(maker))
    transfer.net_error = -maker.rng.randint(1, 50)
    return transfer, f"its net is {transfer.net_error} units off"


@BOOKINGS.code
def bank_credit_missing(maker: Maker, _at: int) -> tuple[Transfer, str]:
    """Paid, says Omise; the statement has nothing."""
    transfer = _payout(maker, maker.as_of - 11 * DAY)
    transfer.credit = 0
    return transfer, "no bank credit"


@BOOKINGS.code
def bank_amount_mismatch(maker: Maker, _at: int) -> tuple[Transfer, str]:
    """The bank kept a little of it: no more than 5 %, or its line would be nobody's."""
    transfer = _payout(maker, _within_days(maker))
    transfer.credit = transfer.net - max(1, maker.rng.randint(1, max(1, transfer.net // 10)) // 2)
    return transfer, f"credited {transfer.credit} of {transfer.net}"


@BOOKINGS.code
def bank_credit_unexplained(maker: Maker, _at: int) -> None:
    """A credit in Omise's name that no transfer explains, on the last day; very small, so that it is nobody's."""
    amount = 3 + 4 * len(maker.stray_credits)
    maker.stray_credits.append(amount)
    name = maker.account.name
    maker.truth.append(Planted("bank_credit_unexplained", name, "bank_line", f"{amount}", "nobody sent it"))


@BOOKINGS.code
def settlement_overdue(maker: Maker, _at: int) -> None:
    """Payouts stop some days before the moment of truth, and what was sold waits; see `payout_queue.overdue`."""
    if maker.account.region not in _PAUSED:
        return
    maker.paused_from = maker.as_of - PAUSE
    if maker.has_history:
        return
    # One large charge stands for it. It draws a method for the hold, and the charge draws its own.
    created = maker.paused_from + 6 * HOUR - maker.method(is_card).hold_days * DAY
    _paid_by_card(maker, created, amount=maker.account.charge_max // 10 * 8)
