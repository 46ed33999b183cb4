"""Planted breaks of clocks, limits, refunds, disputes and transfers, one function a code; see planting.py.

What takes longer than a world's days was made before them: a pull looks back 35 days, and an order may name a charge.
"""

from dataclasses import replace

from recon.sandbox.worlds.facts import Charge, Dispute, Refund, Transfer
from recon.sandbox.worlds.maker import CHARGE_ID, METADATA, Maker, Order, divisible, is_card, refundable
from recon.sandbox.worlds.planting import Plants, named_order, paid_order, sow
from recon.sandbox.worlds.tariff import DAY, HOUR, MINUTE

CLOCKS = Plants()

# Methods that Omise offers in other countries only (facts about Omise, section 5).
_FOREIGN = {
    "TH": ("fpx", "econtext", "paypay", "paynow", "boost", "dana"),
    "SG": ("promptpay", "econtext", "fpx", "truemoney", "paypay"),
    "JP": ("kakaopay", "promptpay", "paynow", "fpx", "grabpay"),
    "MY": ("kakaopay", "promptpay", "paynow", "econtext", "truemoney"),
}


@CLOCKS.code
def authorization_expiring(maker: Maker, at: int) -> tuple[Charge, str]:
    """Held and not captured, a few hours before the hold ends."""
    method = maker.method(is_card)
    charge = maker.charge(named_order(maker, at, "pending", method), at, method, capture=False)
    maker.authorize(charge)
    charge.expires = maker.as_of + maker.rng.randint(HOUR, 20 * HOUR)
    maker.lapse(charge)
    return charge, "authorised, ends within a day"


@CLOCKS.code
def late_success(maker: Maker, at: int) -> None:
    """A failed try that turned successful in the last day: a break for who saw it failed."""
    method = maker.method()
    charge = maker.charge(named_order(maker, at, "paid", method), at, method)
    maker.fail(charge)
    maker.pay(charge, maker.as_of - maker.rng.randint(HOUR, 20 * HOUR))


@CLOCKS.code
def amount_out_of_limits(maker: Maker, at: int) -> tuple[Charge, str]:
    """Less than the country's smallest charge, or more than its largest."""
    method = maker.method(is_card)
    account = maker.account
    too_much = (
        account.charge_max + maker.rng.randint(1, 99) * 100
    )  # more than a shop of a believable size sells in a week
    amount = account.charge_min // 2 if maker.has_history else maker.rng.choice((account.charge_min // 2, too_much))
    charge = maker.charge(maker.order(at, amount, "paid", method, link=METADATA), at, method)
    maker.pay(charge)
    return charge, f"{amount} is not between {account.charge_min} and {account.charge_max}"


@CLOCKS.code
def method_not_in_region(maker: Maker, at: int) -> tuple[Charge, str] | None:
    """Paid by a method of another country; each such method once, since the first charge of it is the break."""
    used = {charge.method.name for charge in maker.charges}
    unused = [name for name in _FOREIGN[maker.account.region] if name not in used]
    if unused:
        return _paid_by(maker, at, unused[0])
    sow(method_unknown, maker, at)
    return None


@CLOCKS.code
def method_unknown(maker: Maker, at: int) -> tuple[Charge, str]:
    """Paid by a method that nobody knows; each such method once."""
    number = sum(planted.code == "method_unknown" for planted in maker.truth)
    return _paid_by(maker, at, f"moon_wallet_{number}")


def _paid_by(maker: Maker, at: int, name: str) -> tuple[Charge, str]:
    method = replace(maker.method(lambda method: not method.is_card and method.pay_s <= HOUR), name=name)
    _, charge, _ = paid_order(maker, at, method)
    return charge, f"paid by {name}"


@CLOCKS.code
def refund_exceeds_charge(maker: Maker, at: int) -> tuple[Charge, str]:
    """Captured in part, refunded for more than that; the shop knows of the refund."""
    method = maker.method(is_card)
    order = named_order(maker, at, "refunded", method)
    charge = maker.charge(order, at, method, amount=2 * order.amount, capture=False)
    charge.captured = order.amount
    paid_at = maker.pay(charge, maker.authorize(charge) + HOUR)
    order.refunded = maker.refund(charge, paid_at + HOUR, order.amount + order.amount // 3).amount
    return charge, f"captured {order.amount}, refunded {order.refunded}"


@CLOCKS.code
def refund_missing(maker: Maker, at: int) -> tuple[Order, str]:
    """Refunded at the shop, in full or in part, and not at Omise."""
    method = maker.method(divisible)
    is_whole = maker.rng.choice((True, False))
    order, _, _ = paid_order(maker, at, method, "refunded" if is_whole else "paid")
    order.refunded = order.amount if is_whole else order.amount // 3
    return order, "nothing was refunded at Omise"


@CLOCKS.code
def refund_unrecorded(maker: Maker, at: int) -> tuple[Order, str]:
    """Refunded at Omise, in full or in part, and the shop does not know."""
    order, charge, paid_at = paid_order(maker, at, maker.method(divisible))
    amount = maker.rng.choice((order.amount, order.amount // 3))
    maker.refund(charge, paid_at + maker.rng.randint(HOUR, 9 * HOUR), amount)
    return order, f"{amount} was refunded at Omise"


@CLOCKS.code
def refund_amount_mismatch(maker: Maker, at: int) -> tuple[Order, str]:
    """Refunded in part on both sides, by different sums."""
    order, charge, paid_at = paid_order(maker, at, maker.method(divisible))
    part = order.amount // 3
    maker.refund(charge, paid_at + maker.rng.randint(HOUR, 9 * HOUR), part)
    order.refunded = part + maker.rng.randint(1, part)
    return order, f"{part} at Omise, {order.refunded} at the shop"


@CLOCKS.code
def refund_not_supported(maker: Maker, at: int) -> tuple[Order, str] | None:
    """A refund is asked for where the method gives none, or a part where it gives only all; not in Singapore."""
    region = maker.account.region
    if region == "SG":
        return None
    if region == "MY":
        method = maker.method(lambda method: not method.is_card)
        method = replace(method, name="installment_mbb", low=60_000, high=120_000)
    else:
        method = maker.method(lambda method: method.refund == "none")
    order, _, _ = paid_order(maker, at, method, "refund_requested")
    if region == "MY":
        order.refunded = order.amount // 2
    return order, f"a refund by {order.method}"


@CLOCKS.code
def refund_window_closed(maker: Maker, _at: int) -> tuple[Order, str]:
    """A refund of a card charge is asked for, days after its window."""
    return _refund_requested(maker, -maker.rng.randint(HOUR, 20 * DAY))


@CLOCKS.code
def refund_window_closing(maker: Maker, _at: int) -> tuple[Order, str]:
    """A refund of a card charge is asked for, days before the end of its window."""
    return _refund_requested(maker, maker.rng.randint(HOUR, 13 * DAY))


def _refund_requested(maker: Maker, left: int) -> tuple[Order, str]:
    """An order of last year, or half a year ago with JCB, that names its charge."""
    method = maker.method(is_card)
    window = 160 * DAY if method.brand == "JCB" else 365 * DAY
    paid_at = maker.as_of + left - window
    order = maker.order(paid_at - 10 * MINUTE, maker.amount(method), "refund_requested", method, link=CHARGE_ID)
    maker.pay(maker.charge(order, order.created, method), paid_at)
    return order, f"the window of {method.brand} ends {left // HOUR} hours from the moment of truth"


@CLOCKS.code
def refund_overdue(maker: Maker, _at: int) -> tuple[Refund, str]:
    """A wallet's refund that pends for weeks; both sides count it."""
    method = maker.method(lambda method: refundable(method) and not method.is_card)
    order, charge, _ = paid_order(maker, maker.as_of - 22 * DAY, method, "refunded")
    refund = maker.refund(charge, maker.as_of - 20 * DAY)
    refund.closed = maker.as_of + DAY
    order.refunded = refund.amount
    return refund, "pending for twenty days"


@CLOCKS.code
def refund_count_limit(maker: Maker, at: int) -> tuple[Charge, str]:
    """Thirteen or fourteen small refunds of one charge, all known to the shop."""
    order, charge, paid_at = paid_order(maker, at, maker.method(is_card))
    count = maker.rng.randint(13, 14)
    for number in range(1, count + 1):
        order.refunded += maker.refund(charge, paid_at + number * 30 * MINUTE, order.amount // 20).amount
    return charge, f"{count} refunds"


@CLOCKS.code
def dispute_open(maker: Maker, at: int) -> tuple[Dispute, str]:
    """Open or answered at the moment of truth; decided later."""
    _, charge, paid_at = paid_order(maker, at, maker.method(is_card))
    answered = maker.rng.choice((at + 10 * HOUR, maker.as_of + DAY))
    steps = ((answered, "pending"), (maker.as_of + 3 * DAY, maker.rng.choice(("won", "lost"))))
    return maker.dispute(charge, paid_at + maker.rng.randint(HOUR, 6 * HOUR), steps), "not decided"


@CLOCKS.code
def dispute_lost(maker: Maker, at: int) -> tuple[Dispute, str]:
    """Lost, and the order still says paid."""
    _, charge, paid_at = paid_order(maker, at, maker.method(is_card))
    steps = ((at + 10 * HOUR, "pending"), (at + 20 * HOUR, "lost"))
    return maker.dispute(charge, paid_at + maker.rng.randint(HOUR, 6 * HOUR), steps), "the order still says paid"


@CLOCKS.code
def transfer_stuck(maker: Maker, _at: int) -> tuple[Transfer, str]:
    """An old charge's net, sent to the bank two weeks ago and not paid."""
    paid_order(maker, maker.as_of - 36 * DAY, maker.method(is_card))
    sent = maker.as_of - 13 * DAY
    transfer = maker.transfer(sent - 9 * HOUR, maker.transactions[-1].amount, sent, maker.as_of + 20 * DAY)
    return transfer, "sent thirteen days ago"
