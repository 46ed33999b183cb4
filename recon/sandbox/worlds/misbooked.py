"""Planted breaks of ledger, fees, transfers and bank, one function a code; see planting.py.

Each fault is one place where Omise or the bank says something else; all that follows from it is as it would be.
"""

from recon.sandbox.worlds.facts import Transfer
from recon.sandbox.worlds.maker import METADATA, Maker, Planted, divisible, is_card
from recon.sandbox.worlds.tariff import DAY, HOUR

_PAUSED = ("JP", "MY")  # where payouts stop; elsewhere they go on to the end of a world
PAUSE = 6 * DAY  # before the moment of truth


def _paid(m: Maker, at: int, *, fee_off: int = 0, vat_off: int = 0, amount: int = 0) -> None:
    method = m.method(is_card)
    order = m.order(at, amount or m.amount(method), "paid", method, link=METADATA)
    charge = m.charge(order, at, method)
    charge.fee_off, charge.vat_off = fee_off, vat_off
    m.pay(charge)


def _payout(m: Maker, created: int) -> Transfer:
    """Made of one old card charge alone, all of its net."""
    _paid(m, m.as_of - 36 * DAY)
    return m.transfer(created, m.transactions[-1].amount, created + HOUR, created + 2 * HOUR)


def _within_days(m: Maker) -> int:
    """A moment of the world's days, from which a transfer is reported; not before an old charge is free."""
    return max(m.start, m.as_of - 14 * DAY) + m.rng.randrange(HOUR, 9 * HOUR)


def transaction_missing(m: Maker, at: int, other: Maker) -> None:
    """A charge, or a refund, that names no balance transaction, or one that is not there."""
    del other
    if m.rng.randrange(10) < 3:
        method = m.method(divisible)
        order = m.order(at, m.amount(method), "refunded", method, link=METADATA)
        charge = m.charge(order, at, method)
        refund = m.refund(charge, m.pay(charge) + HOUR)
        order.refunded = refund.amount
        m.transactions.pop()
        refund.transaction = m.rng.choice(("", refund.transaction))
        m.plant("transaction_missing", refund, "its debit is not in the ledger")
    else:
        _paid(m, at)
        charge = m.charges[-1]
        m.transactions.pop()
        charge.transaction = m.rng.choice(("", charge.transaction))
        m.plant("transaction_missing", charge, "its credit is not in the ledger")


def transaction_amount_mismatch(m: Maker, at: int, other: Maker) -> None:
    """The ledger has some units more or less than the charge's net."""
    del other
    _paid(m, at)
    off = m.rng.choice((-3, -1, 1, 100))
    m.transactions[-1].amount += off
    m.plant("transaction_amount_mismatch", m.charges[-1], f"credited {off} units off its net")


def fee_mismatch(m: Maker, at: int, other: Maker) -> None:
    """A fee some units off its rate; VAT and net follow from it."""
    del other
    off = m.rng.choice((-2, 1, 5, 90))
    _paid(m, at, fee_off=off)
    m.plant("fee_mismatch", m.charges[-1], f"a fee {off} units off its rate")


def fee_vat_mismatch(m: Maker, at: int, other: Maker) -> None:
    """VAT two or more units off; the net follows from it."""
    del other
    off = m.rng.choice((2, 7))
    _paid(m, at, vat_off=off)
    m.plant("fee_vat_mismatch", m.charges[-1], f"VAT {off} units off its rate")


def transaction_unexplained(m: Maker, at: int, other: Maker) -> None:
    """A movement for a charge that does not exist, or a debit of a charge that only earned."""
    del other
    if m.rng.randrange(2):
        made = m.move(at, 1_234, "credit", "charge.captured.net", m.id("chrg", at))
        m.plant("transaction_unexplained", made, "for a charge that does not exist")
    else:
        _paid(m, min(at, m.end - 3 * HOUR))
        charge = m.charges[-1]
        made = m.move((charge.paid_at or at) + HOUR, 11, "debit", "charge.corrected.debit", charge.id)
        m.plant("transaction_unexplained", made, "debits a charge")


def transfer_failed(m: Maker, at: int, other: Maker) -> None:
    """Refused before it was sent: the balance keeps the money, and the next payout takes it."""
    del at, other
    created = m.as_of - 11 * DAY
    transfer = Transfer(m.id("trsf", created), created, m.account, m.account.transfer_min * 10, 2**40, 2**40, None)
    transfer.failure = "invalid_recipient"
    m.transfers.append(transfer)
    m.plant("transfer_failed", transfer, "invalid_recipient")


def transfer_amount_mismatch(m: Maker, at: int, other: Maker) -> None:
    """Its net and fees do not come to its amount; the bank has the net."""
    del at, other
    transfer = _payout(m, _within_days(m))
    transfer.net_off = -m.rng.randint(1, 50)
    m.plant("transfer_amount_mismatch", transfer, f"its net is {transfer.net_off} units off")


def bank_credit_missing(m: Maker, at: int, other: Maker) -> None:
    """Paid, says Omise; the statement has nothing."""
    del at, other
    transfer = _payout(m, m.as_of - 11 * DAY)
    transfer.credit = 0
    m.plant("bank_credit_missing", transfer, "no bank credit")


def bank_amount_mismatch(m: Maker, at: int, other: Maker) -> None:
    """The bank kept some of it."""
    del at, other
    transfer = _payout(m, _within_days(m))
    transfer.credit = transfer.net - m.rng.randint(1, max(1, transfer.net // 10))
    m.plant("bank_amount_mismatch", transfer, f"credited {transfer.credit} of {transfer.net}")


def bank_credit_unexplained(m: Maker, at: int, other: Maker) -> None:
    """A credit in Omise's name that no transfer explains, on the last day; very small, so that it is nobody's."""
    del at, other
    m.stray_credits.append(3 + 4 * len(m.stray_credits))
    m.truth.append(
        Planted("bank_credit_unexplained", m.account.name, "bank_line", f"{m.stray_credits[-1]}", "nobody sent it")
    )


def settlement_overdue(m: Maker, at: int, other: Maker) -> None:
    """Payouts stop some days before the moment of truth, and a large charge waits; see `queue.overdue`."""
    del at, other
    if m.account.region not in _PAUSED:
        return
    m.paused_from = m.as_of - PAUSE
    method = m.method(is_card)
    made = m.paused_from + 6 * HOUR - method.hold_days * DAY
    _paid(m, made, amount=m.account.charge_max // 10 * 8)


PLANTS = (
    transaction_missing,
    transaction_amount_mismatch,
    fee_mismatch,
    fee_vat_mismatch,
    transaction_unexplained,
    transfer_failed,
    transfer_amount_mismatch,
    bank_credit_missing,
    bank_amount_mismatch,
    bank_credit_unexplained,
    settlement_overdue,
)
