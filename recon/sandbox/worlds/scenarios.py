"""Ordinary lives of orders, none of which is a break of order and charge.

Every scenario takes the maker and the moment of its order, and may look at most a day and a bit ahead of it,
because the moment of truth is that close to the last order.
"""

from collections.abc import Callable

from recon.sandbox.worlds.facts import Charge
from recon.sandbox.worlds.maker import METADATA, Maker, Order, abroad, divisible, is_card, quick, refundable
from recon.sandbox.worlds.tariff import DAY, HOUR, MINUTE, Method

Scenario = Callable[[Maker, int], None]


def _settled(m: Maker, at: int, status: str, method: Method) -> tuple[Order, Charge, int]:
    """An order and its one successful charge, with the moment it was paid."""
    order = m.order(at, m.amount(method), status, method)
    charge = m.charge(order, at, method)
    return order, charge, m.pay(charge)


def paid(m: Maker, at: int) -> None:
    """One order, one successful charge."""
    _settled(m, at, "paid", m.method())


def paid_after_failures(m: Maker, at: int) -> None:
    """One to three failed tries, then a success."""
    method, tries = m.method(), m.rng.randint(1, 3)
    order = m.order(at, m.amount(method), "paid", method, tries=tries + 1)
    for _ in range(tries):
        at = m.fail(m.charge(order, at, method))
    m.pay(m.charge(order, at, method))


def paid_after_expiry(m: Maker, at: int) -> None:
    """A try that the payer left, then a success."""
    method = m.method(quick)
    order = m.order(at, m.amount(method), "paid", method, tries=2)
    m.lapse(m.charge(order, at, method))
    m.pay(m.charge(order, at + 12 * MINUTE, method))


def paid_late(m: Maker, at: int) -> None:
    """A charge that failed, and turned successful hours later."""
    method = m.method()
    order = m.order(at, m.amount(method), "paid", method)
    charge = m.charge(order, at, method)
    m.pay(charge, m.fail(charge) + m.rng.randint(2 * HOUR, 20 * HOUR))


def paid_in_parts_of_time(m: Maker, at: int) -> None:
    """Authorised first, captured hours later."""
    method = m.method(is_card)
    order = m.order(at, m.amount(method), "paid", method)
    charge = m.charge(order, at, method, capture=False)
    m.pay(charge, m.authorize(charge) + m.rng.randint(HOUR, 20 * HOUR))


def captured_in_part(m: Maker, at: int) -> None:
    """Authorised for more than was captured; the order says the captured amount."""
    method = m.method(is_card)
    amount = m.amount(method)
    order = m.order(at, amount, "paid", method)
    charge = m.charge(order, at, method, amount=amount + m.rng.randint(1, 40) * 10, capture=False)
    charge.captured = amount
    m.pay(charge, m.authorize(charge) + m.rng.randint(HOUR, 20 * HOUR))


def paid_in_dollars(m: Maker, at: int) -> None:
    """Order and charge in USD, funded in the account's currency."""
    method = m.method(abroad)
    amount = m.rng.randint(5, 300) * 100
    order = m.order(at, amount, "paid", method, currency="USD")
    m.pay(m.charge(order, at, method))


def refunded(m: Maker, at: int) -> None:
    """Refunded in full, on both sides."""
    order, charge, done = _settled(m, at, "refunded", m.method(refundable))
    order.refunded = m.refund(charge, done + m.rng.randint(HOUR, 20 * HOUR)).amount


def refunded_in_part(m: Maker, at: int) -> None:
    """One or two partial refunds, on both sides."""
    order, charge, done = _settled(m, at, "paid", m.method(divisible))
    for _ in range(m.rng.randint(1, 2)):
        done += m.rng.randint(HOUR, 9 * HOUR)
        order.refunded += m.refund(charge, done, order.amount // m.rng.randint(3, 6)).amount


def voided(m: Maker, at: int) -> None:
    """A card charge taken back the same day, and the shop knows."""
    order, charge, done = _settled(m, at, "refunded", m.method(is_card))
    order.refunded = m.refund(charge, done + m.rng.randint(5, 300) * MINUTE, voided=True).amount


def refund_asked(m: Maker, at: int) -> None:
    """A refund is asked for and not yet made."""
    _settled(m, at, "refund_requested", m.method(refundable))


def cancelled_and_refunded(m: Maker, at: int) -> None:
    """Cancelled, refunded in full, and the refund written down."""
    order, charge, done = _settled(m, at, "cancelled", m.method(refundable))
    order.refunded = m.refund(charge, done + m.rng.randint(HOUR, 20 * HOUR)).amount


def cancelled_and_refunded_silently(m: Maker, at: int) -> None:
    """Cancelled and refunded in full; the shop wrote no refund."""
    _, charge, done = _settled(m, at, "cancelled", m.method(refundable))
    m.refund(charge, done + m.rng.randint(HOUR, 20 * HOUR))


def cancelled_and_voided(m: Maker, at: int) -> None:
    """Cancelled and the charge voided; the shop wrote no refund."""
    _, charge, done = _settled(m, at, "cancelled", m.method(is_card))
    m.refund(charge, done + m.rng.randint(5, 300) * MINUTE, voided=True)


def cancelled_without_charge(m: Maker, at: int) -> None:
    """Cancelled before any payment."""
    method = m.method()
    m.order(at, m.amount(method), "cancelled", method)


def cancelled_after_failure(m: Maker, at: int) -> None:
    """Cancelled after failed tries."""
    method = m.method()
    order = m.order(at, m.amount(method), "cancelled", method, tries=2)
    for _ in range(m.rng.randint(1, 2)):
        at = m.fail(m.charge(order, at, method))


def cancelled_after_expiry(m: Maker, at: int) -> None:
    """Cancelled after the payer left."""
    method = m.method(quick)
    order = m.order(at, m.amount(method), "cancelled", method)
    m.lapse(m.charge(order, at, method))


def cancelled_and_reversed(m: Maker, at: int) -> None:
    """Authorised, and released instead of captured."""
    method = m.method(is_card)
    order = m.order(at, m.amount(method), "cancelled", method)
    charge = m.charge(order, at, method, capture=False)
    charge.reversed_at = m.authorize(charge) + m.rng.randint(HOUR, 20 * HOUR)


def pending_without_charge(m: Maker, at: int) -> None:
    """Nobody has tried to pay yet."""
    method = m.method()
    m.order(at, m.amount(method), "pending", method)


def pending_in_time(m: Maker, at: int) -> None:
    """A pending charge that is not due yet; later it is paid or expires."""
    del at
    method = m.method(lambda x: x.expires_s > 6 * DAY)
    late = m.end - m.rng.randint(HOUR, 2 * DAY)
    order = m.order(late, m.amount(method), "pending", method)
    charge = m.charge(order, late, method)
    if m.rng.random() < 0.5:
        m.pay(charge, m.as_of + m.rng.randint(HOUR, DAY))
    else:
        m.lapse(charge)


def pending_on_hold(m: Maker, at: int) -> None:
    """Authorised and not captured, its end days away; captured later."""
    del at
    method = m.method(is_card)
    late = m.end - m.rng.randint(HOUR, 2 * DAY)
    order = m.order(late, m.amount(method), "pending", method)
    charge = m.charge(order, late, method, capture=False)
    m.authorize(charge)
    m.pay(charge, m.as_of + m.rng.randint(HOUR, DAY))


def pending_this_minute(m: Maker, at: int) -> None:
    """A payer who is paying at the moment of truth, made after the range."""
    del at
    method = m.method(lambda x: quick(x) and x.expires_s <= 30 * MINUTE)
    now = m.as_of - 8 * MINUTE
    m.pay(m.charge(m.order(now, m.amount(method), "pending", method), now, method), m.as_of + MINUTE)


def expired_within_grace(m: Maker, at: int) -> None:
    """Pending a little beyond its expiry: within the grace, so not stuck."""
    del at
    method = m.method(lambda x: quick(x) and x.expires_s <= 30 * MINUTE)
    now = m.as_of - method.expires_s - 15 * MINUTE
    charge = m.charge(m.order(now, m.amount(method), "pending", method), now, method)
    charge.lapsed_at = m.as_of + HOUR


def webhook_on_its_way(m: Maker, at: int) -> None:
    """Paid minutes ago, the order not marked yet: within the grace."""
    del at
    now = m.as_of - 20 * MINUTE
    _settled(m, now, "pending", m.method(is_card))


def cancelled_then_paid_later(m: Maker, at: int) -> None:
    """A failed try of a cancelled order that turns successful after the moment of truth."""
    method = m.method()
    order = m.order(at, m.amount(method), "cancelled", method)
    charge = m.charge(order, at, method)
    m.fail(charge)
    m.pay(charge, m.as_of + m.rng.randint(2 * HOUR, 2 * DAY))


def double_paid_and_given_back(m: Maker, at: int) -> None:
    """Paid twice, the second charge refunded in full; no refund of the order."""
    method = m.method(refundable)
    order = m.order(at, m.amount(method), "paid", method, link=METADATA)
    done = m.pay(m.charge(order, at, method))
    second = m.charge(order, done, method)
    m.refund(second, m.pay(second) + m.rng.randint(HOUR, 9 * HOUR))


def _disputed(m: Maker, at: int, *words: tuple[int, str]) -> None:
    _, charge, done = _settled(m, at, "paid", m.method(is_card))
    m.dispute(charge, done + m.rng.randint(HOUR, 6 * HOUR), words)


def dispute_won(m: Maker, at: int) -> None:
    """Disputed, answered, won."""
    _disputed(m, at, (at + 10 * HOUR, "pending"), (at + 20 * HOUR, "won"))


def zero_amount(m: Maker, at: int) -> None:
    """Nothing to pay: counted, not judged."""
    m.order(at, 0, "paid", m.method())


def cash_on_delivery(m: Maker, at: int) -> None:
    """Not paid through Omise: the payment method says `cod`."""
    method = m.method()
    m.order(at, m.amount(method), "paid", method).method = "cod"


SCENARIOS: tuple[tuple[int, Scenario], ...] = (
    (7_700, paid),
    (520, paid_after_failures),
    (240, paid_after_expiry),
    (20, paid_late),
    (160, paid_in_parts_of_time),
    (40, captured_in_part),
    (80, paid_in_dollars),
    (200, refunded),
    (160, refunded_in_part),
    (60, voided),
    (30, refund_asked),
    (50, cancelled_and_refunded),
    (50, cancelled_and_refunded_silently),
    (30, cancelled_and_voided),
    (120, cancelled_without_charge),
    (120, cancelled_after_failure),
    (100, cancelled_after_expiry),
    (40, cancelled_and_reversed),
    (50, pending_without_charge),
    (60, pending_in_time),
    (20, pending_on_hold),
    (5, pending_this_minute),
    (5, expired_within_grace),
    (5, webhook_on_its_way),
    (10, cancelled_then_paid_later),
    (20, double_paid_and_given_back),
    (15, dispute_won),
    (10, zero_amount),
    (90, cash_on_delivery),
)
