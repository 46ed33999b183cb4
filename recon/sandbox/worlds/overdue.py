"""Planted breaks of clocks, limits, refunds, disputes and transfers, one function a code; see planting.py.

What takes longer than a world's days was made before them: a pull looks back 35 days, and an order may name a charge.
"""

from dataclasses import replace

from recon.sandbox.worlds.maker import CHARGE_ID, METADATA, Maker, Order, divisible, is_card, refundable
from recon.sandbox.worlds.tariff import DAY, HOUR, MINUTE, Method

# Methods that Omise offers in other countries only (facts about Omise, section 5).
_FOREIGN = {
    "TH": ("fpx", "econtext", "paypay", "paynow", "boost", "dana"),
    "SG": ("promptpay", "econtext", "fpx", "truemoney", "paypay"),
    "JP": ("kakaopay", "promptpay", "paynow", "fpx", "grabpay"),
    "MY": ("kakaopay", "promptpay", "paynow", "econtext", "truemoney"),
}


def _paid(m: Maker, at: int, method: Method, status: str = "paid", link: str = METADATA) -> Order:
    order = m.order(at, m.amount(method), status, method, link=link)
    m.pay(m.charge(order, at, method))
    return order


def authorization_expiring(m: Maker, at: int, other: Maker) -> None:
    """Held and not captured, a few hours before the hold ends."""
    del other
    method = m.method(is_card)
    charge = m.charge(m.order(at, m.amount(method), "pending", method, link=METADATA), at, method, capture=False)
    m.authorize(charge)
    charge.expires = m.as_of + m.rng.randint(HOUR, 20 * HOUR)
    m.lapse(charge)
    m.plant("authorization_expiring", charge, "authorised, ends within a day")


def late_success(m: Maker, at: int, other: Maker) -> None:
    """A failed try that turned successful in the last day: a break for who saw it failed, see World.turned."""
    del other
    method = m.method()
    charge = m.charge(m.order(at, m.amount(method), "paid", method, link=METADATA), at, method)
    m.fail(charge)
    m.pay(charge, m.as_of - m.rng.randint(HOUR, 20 * HOUR))


def amount_out_of_limits(m: Maker, at: int, other: Maker) -> None:
    """Less than the country's smallest charge, or more than its largest."""
    del other
    method, account = m.method(is_card), m.account
    amount = m.rng.choice((account.charge_min // 2, account.charge_max + m.rng.randint(1, 99) * 100))
    charge = m.charge(m.order(at, amount, "paid", method, link=METADATA), at, method)
    m.pay(charge)
    m.plant("amount_out_of_limits", charge, f"{amount} is not between {account.charge_min} and {account.charge_max}")


def method_not_in_region(m: Maker, at: int, other: Maker) -> None:
    """Paid by a method of another country; each such method once, since the first charge of it is the break."""
    used = {charge.method.name for charge in m.charges}
    free = [name for name in _FOREIGN[m.account.region] if name not in used]
    if free:
        _by_odd_method(m, at, free[0], "method_not_in_region")
    else:
        method_unknown(m, at, other)


def method_unknown(m: Maker, at: int, other: Maker) -> None:
    """Paid by a method that nobody knows; each such method once."""
    del other
    number = sum(planted.code == "method_unknown" for planted in m.truth)
    _by_odd_method(m, at, f"moon_wallet_{number}", "method_unknown")


def _by_odd_method(m: Maker, at: int, name: str, code: str) -> None:
    method = replace(m.method(lambda x: not x.is_card and x.pay_s <= HOUR), name=name)
    charge = m.charge(m.order(at, m.amount(method), "paid", method, link=METADATA), at, method)
    m.pay(charge)
    m.plant(code, charge, f"paid by {name}")


def refund_exceeds_charge(m: Maker, at: int, other: Maker) -> None:
    """Captured in part, refunded for more than that; the shop knows of the refund."""
    del other
    method = m.method(is_card)
    amount = m.amount(method)
    order = m.order(at, amount, "refunded", method, link=METADATA)
    charge = m.charge(order, at, method, amount=2 * amount, capture=False)
    charge.captured = amount
    done = m.pay(charge, m.authorize(charge) + HOUR)
    order.refunded = m.refund(charge, done + HOUR, amount + amount // 3).amount
    m.plant("refund_exceeds_charge", charge, f"captured {amount}, refunded {order.refunded}")


def refund_missing(m: Maker, at: int, other: Maker) -> None:
    """Refunded at the shop, in full or in part, and not at Omise."""
    del other
    method = m.method(divisible)
    whole = m.rng.choice((True, False))
    order = _paid(m, at, method, "refunded" if whole else "paid")
    order.refunded = order.amount if whole else order.amount // 3
    m.plant("refund_missing", order, "nothing was refunded at Omise")


def refund_unrecorded(m: Maker, at: int, other: Maker) -> None:
    """Refunded at Omise, in full or in part, and the shop does not know."""
    del other
    method = m.method(divisible)
    order = _paid(m, at, method)
    charge = m.charges[-1]
    part = m.rng.choice((order.amount, order.amount // 3))
    m.refund(charge, (charge.paid_at or at) + m.rng.randint(HOUR, 9 * HOUR), part)
    m.plant("refund_unrecorded", order, f"{part} was refunded at Omise")


def refund_amount_mismatch(m: Maker, at: int, other: Maker) -> None:
    """Refunded in part on both sides, by different sums."""
    del other
    method = m.method(divisible)
    order = _paid(m, at, method)
    charge = m.charges[-1]
    m.refund(charge, (charge.paid_at or at) + m.rng.randint(HOUR, 9 * HOUR), order.amount // 3)
    order.refunded = order.amount // 3 + m.rng.randint(1, order.amount // 3)
    m.plant("refund_amount_mismatch", order, f"{order.amount // 3} at Omise, {order.refunded} at the shop")


def refund_not_supported(m: Maker, at: int, other: Maker) -> None:
    """A refund is asked for where the method gives none, or a part where it gives only all; not in Singapore."""
    del other
    region = m.account.region
    if region in ("TH", "JP"):
        _paid(m, at, m.method(lambda x: x.refund == "none"), "refund_requested")
    elif region == "MY":
        base = m.method(lambda x: not x.is_card)
        order = _paid(m, at, replace(base, name="installment_mbb", low=60_000, high=120_000), "refund_requested")
        order.refunded = order.amount // 2
    else:
        return
    m.plant("refund_not_supported", m.orders[-1], f"a refund by {m.orders[-1].method}")


def refund_window_closed(m: Maker, at: int, other: Maker) -> None:
    """A refund of a card charge is asked for, days after its window."""
    del at, other
    _asked_late(m, -m.rng.randint(HOUR, 20 * DAY), "refund_window_closed")


def refund_window_closing(m: Maker, at: int, other: Maker) -> None:
    """A refund of a card charge is asked for, days before the end of its window."""
    del at, other
    _asked_late(m, m.rng.randint(HOUR, 13 * DAY), "refund_window_closing")


def _asked_late(m: Maker, left: int, code: str) -> None:
    """An order of last year, or half a year ago with JCB, that names its charge."""
    method = m.method(is_card)
    window = 160 * DAY if method.brand == "JCB" else 365 * DAY
    paid = m.as_of + left - window
    order = m.order(paid - 10 * MINUTE, m.amount(method), "refund_requested", method, link=CHARGE_ID)
    m.pay(m.charge(order, order.created, method), paid)
    m.plant(code, order, f"the window of {method.brand} ends {left // HOUR} hours from the moment of truth")


def refund_overdue(m: Maker, at: int, other: Maker) -> None:
    """A wallet's refund that pends for weeks; both sides count it."""
    del at, other
    method = m.method(lambda x: refundable(x) and not x.is_card)
    order = _paid(m, m.as_of - 22 * DAY, method, "refunded")
    refund = m.refund(m.charges[-1], m.as_of - 20 * DAY)
    refund.closed = m.as_of + DAY
    order.refunded = refund.amount
    m.plant("refund_overdue", refund, "pending for twenty days")


def refund_count_limit(m: Maker, at: int, other: Maker) -> None:
    """Thirteen or fourteen small refunds of one charge, all known to the shop."""
    del other
    method = m.method(is_card)
    order = _paid(m, at, method)
    charge = m.charges[-1]
    count = m.rng.randint(13, 14)
    for number in range(count):
        moment = (charge.paid_at or at) + (number + 1) * 30 * MINUTE
        order.refunded += m.refund(charge, moment, order.amount // 20).amount
    m.plant("refund_count_limit", charge, f"{count} refunds")


def dispute_open(m: Maker, at: int, other: Maker) -> None:
    """Open or answered at the moment of truth; decided later."""
    del other
    _paid(m, at, m.method(is_card))
    charge = m.charges[-1]
    answered = m.rng.choice((at + 10 * HOUR, m.as_of + DAY))
    steps = ((answered, "pending"), (m.as_of + 3 * DAY, m.rng.choice(("won", "lost"))))
    dispute = m.dispute(charge, (charge.paid_at or at) + m.rng.randint(HOUR, 6 * HOUR), steps)
    m.plant("dispute_open", dispute, "not decided")


def dispute_lost(m: Maker, at: int, other: Maker) -> None:
    """Lost, and the order still says paid."""
    del other
    _paid(m, at, m.method(is_card))
    charge = m.charges[-1]
    steps = ((at + 10 * HOUR, "pending"), (at + 20 * HOUR, "lost"))
    dispute = m.dispute(charge, (charge.paid_at or at) + m.rng.randint(HOUR, 6 * HOUR), steps)
    m.plant("dispute_lost", dispute, "the order still says paid")


def transfer_stuck(m: Maker, at: int, other: Maker) -> None:
    """An old charge's net, sent to the bank two weeks ago and not paid."""
    del at, other
    _paid(m, m.as_of - 36 * DAY, m.method(is_card))
    sent = m.as_of - 13 * DAY
    transfer = m.transfer(sent - 9 * HOUR, m.transactions[-1].amount, sent, m.as_of + 20 * DAY)
    m.plant("transfer_stuck", transfer, "sent thirteen days ago")


PLANTS = (
    authorization_expiring,
    late_success,
    amount_out_of_limits,
    method_not_in_region,
    method_unknown,
    refund_exceeds_charge,
    refund_missing,
    refund_unrecorded,
    refund_amount_mismatch,
    refund_not_supported,
    refund_window_closed,
    refund_window_closing,
    refund_overdue,
    refund_count_limit,
    dispute_open,
    dispute_lost,
    transfer_stuck,
)
