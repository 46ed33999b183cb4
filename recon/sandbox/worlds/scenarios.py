"""Ordinary lives of orders, none of which is a break of order and charge.

Every scenario takes the maker and the moment of its order, and may look at most a day and a bit ahead of it,
because the moment of truth is that close to the last order.
"""

from collections.abc import Callable

from recon.sandbox.worlds.facts import Charge
from recon.sandbox.worlds.maker import METADATA, Maker, Order, abroad, divisible, is_card, quick, refundable
from recon.sandbox.worlds.tariff import DAY, HOUR, MINUTE, Method

Scenario = Callable[[Maker, int], None]
SCENARIOS: list[tuple[int, Scenario]] = []  # with the weight of each: how many of about 10,000 orders


def _scenario(weight: int) -> Callable[[Scenario], Scenario]:
    def add(scenario: Scenario) -> Scenario:
        SCENARIOS.append((weight, scenario))
        return scenario

    return add


def _tried(maker: Maker, at: int, status: str, method: Method, *, capture: bool = True) -> tuple[Order, Charge]:
    """An order and its one charge, of which nothing is known yet."""
    order = maker.order(at, maker.amount(method), status, method)
    return order, maker.charge(order, at, method, capture=capture)


def _settled(maker: Maker, at: int, status: str, method: Method) -> tuple[Order, Charge, int]:
    """An order and its one successful charge, with the moment it was paid."""
    order, charge = _tried(maker, at, status, method)
    return order, charge, maker.pay(charge)


@_scenario(7_700)
def paid(maker: Maker, at: int) -> None:
    """One order, one successful charge."""
    _settled(maker, at, "paid", maker.method())


@_scenario(520)
def paid_after_failures(maker: Maker, at: int) -> None:
    """One to three failed tries, then a success."""
    method = maker.method()
    tries = maker.rng.randint(1, 3)
    order = maker.order(at, maker.amount(method), "paid", method, tries=tries + 1)
    for _ in range(tries):
        at = maker.fail(maker.charge(order, at, method))
    maker.pay(maker.charge(order, at, method))


@_scenario(240)
def paid_after_expiry(maker: Maker, at: int) -> None:
    """A try that the payer left, then a success."""
    method = maker.method(quick)
    order = maker.order(at, maker.amount(method), "paid", method, tries=2)
    maker.lapse(maker.charge(order, at, method))
    maker.pay(maker.charge(order, at + 12 * MINUTE, method))


@_scenario(20)
def paid_late(maker: Maker, at: int) -> None:
    """A charge that failed, and turned successful hours later."""
    _, charge = _tried(maker, at, "paid", maker.method())
    maker.pay(charge, maker.fail(charge) + maker.rng.randint(2 * HOUR, 20 * HOUR))


@_scenario(160)
def paid_in_parts_of_time(maker: Maker, at: int) -> None:
    """Authorised first, captured hours later."""
    _, charge = _tried(maker, at, "paid", maker.method(is_card), capture=False)
    maker.pay(charge, maker.authorize(charge) + maker.rng.randint(HOUR, 20 * HOUR))


@_scenario(40)
def captured_in_part(maker: Maker, at: int) -> None:
    """Authorised for more than was captured; the order says the captured amount."""
    method = maker.method(is_card)
    amount = maker.amount(method)
    order = maker.order(at, amount, "paid", method)
    charge = maker.charge(order, at, method, amount=amount + maker.rng.randint(1, 40) * 10, capture=False)
    charge.captured = amount
    maker.pay(charge, maker.authorize(charge) + maker.rng.randint(HOUR, 20 * HOUR))


@_scenario(80)
def paid_in_dollars(maker: Maker, at: int) -> None:
    """Order and charge in USD, funded in the account's currency."""
    method = maker.method(abroad)
    amount = maker.rng.randint(5, 300) * 100
    order = maker.order(at, amount, "paid", method, currency="USD")
    maker.pay(maker.charge(order, at, method))


@_scenario(200)
def refunded(maker: Maker, at: int) -> None:
    """Refunded in full, on both sides."""
    order, charge, paid_at = _settled(maker, at, "refunded", maker.method(refundable))
    order.refunded = maker.refund(charge, paid_at + maker.rng.randint(HOUR, 20 * HOUR)).amount


@_scenario(160)
def refunded_in_part(maker: Maker, at: int) -> None:
    """One or two partial refunds, on both sides."""
    order, charge, paid_at = _settled(maker, at, "paid", maker.method(divisible))
    moment = paid_at
    for _ in range(maker.rng.randint(1, 2)):
        moment += maker.rng.randint(HOUR, 9 * HOUR)
        order.refunded += maker.refund(charge, moment, order.amount // maker.rng.randint(3, 6)).amount


@_scenario(60)
def voided(maker: Maker, at: int) -> None:
    """A card charge taken back the same day, and the shop knows."""
    order, charge, paid_at = _settled(maker, at, "refunded", maker.method(is_card))
    order.refunded = maker.refund(charge, paid_at + maker.rng.randint(5, 300) * MINUTE, voided=True).amount


@_scenario(30)
def refund_asked(maker: Maker, at: int) -> None:
    """A refund is asked for and not yet made."""
    _settled(maker, at, "refund_requested", maker.method(refundable))


@_scenario(50)
def cancelled_and_refunded(maker: Maker, at: int) -> None:
    """Cancelled, refunded in full, and the refund written down."""
    order, charge, paid_at = _settled(maker, at, "cancelled", maker.method(refundable))
    order.refunded = maker.refund(charge, paid_at + maker.rng.randint(HOUR, 20 * HOUR)).amount


@_scenario(50)
def cancelled_and_refunded_silently(maker: Maker, at: int) -> None:
    """Cancelled and refunded in full; the shop wrote no refund."""
    _, charge, paid_at = _settled(maker, at, "cancelled", maker.method(refundable))
    maker.refund(charge, paid_at + maker.rng.randint(HOUR, 20 * HOUR))


@_scenario(30)
def cancelled_and_voided(maker: Maker, at: int) -> None:
    """Cancelled and the charge voided; the shop wrote no refund."""
    _, charge, paid_at = _settled(maker, at, "cancelled", maker.method(is_card))
    maker.refund(charge, paid_at + maker.rng.randint(5, 300) * MINUTE, voided=True)


@_scenario(120)
def cancelled_without_charge(maker: Maker, at: int) -> None:
    """Cancelled before any payment."""
    method = maker.method()
    maker.order(at, maker.amount(method), "cancelled", method)


@_scenario(120)
def cancelled_after_failure(maker: Maker, at: int) -> None:
    """Cancelled after failed tries."""
    method = maker.method()
    order = maker.order(at, maker.amount(method), "cancelled", method, tries=2)
    for _ in range(maker.rng.randint(1, 2)):
        at = maker.fail(maker.charge(order, at, method))


@_scenario(100)
def cancelled_after_expiry(maker: Maker, at: int) -> None:
    """Cancelled after the payer left."""
    _, charge = _tried(maker, at, "cancelled", maker.method(quick))
    maker.lapse(charge)


@_scenario(40)
def cancelled_and_reversed(maker: Maker, at: int) -> None:
    """Authorised, and released instead of captured."""
    _, charge = _tried(maker, at, "cancelled", maker.method(is_card), capture=False)
    charge.reversed_at = maker.authorize(charge) + maker.rng.randint(HOUR, 20 * HOUR)


@_scenario(50)
def pending_without_charge(maker: Maker, at: int) -> None:
    """Nobody has tried to pay yet."""
    method = maker.method()
    maker.order(at, maker.amount(method), "pending", method)


@_scenario(60)
def pending_in_time(maker: Maker, _at: int) -> None:
    """A pending charge that is not due yet; later it is paid or expires."""
    method = maker.method(lambda method: method.expires_s > 6 * DAY)
    late = maker.end - maker.rng.randint(HOUR, 2 * DAY)
    _, charge = _tried(maker, late, "pending", method)
    if maker.rng.random() < 0.5:
        maker.pay(charge, maker.as_of + maker.rng.randint(HOUR, DAY))
    else:
        maker.lapse(charge)


@_scenario(20)
def pending_on_hold(maker: Maker, _at: int) -> None:
    """Authorised and not captured, its end days away; captured later."""
    method = maker.method(is_card)
    late = maker.end - maker.rng.randint(HOUR, 2 * DAY)
    _, charge = _tried(maker, late, "pending", method, capture=False)
    maker.authorize(charge)
    maker.pay(charge, maker.as_of + maker.rng.randint(HOUR, DAY))


@_scenario(5)
def pending_this_minute(maker: Maker, _at: int) -> None:
    """A payer who is paying at the moment of truth, made after the range."""
    method = maker.method(lambda method: quick(method) and method.expires_s <= 30 * MINUTE)
    _, charge = _tried(maker, maker.as_of - 8 * MINUTE, "pending", method)
    maker.pay(charge, maker.as_of + MINUTE)


@_scenario(5)
def expired_within_grace(maker: Maker, _at: int) -> None:
    """Pending a little beyond its expiry: within the grace, so not stuck."""
    method = maker.method(lambda method: quick(method) and method.expires_s <= 30 * MINUTE)
    _, charge = _tried(maker, maker.as_of - method.expires_s - 15 * MINUTE, "pending", method)
    charge.lapsed_at = maker.as_of + HOUR


@_scenario(5)
def webhook_on_its_way(maker: Maker, _at: int) -> None:
    """Paid minutes ago, the order not marked yet: within the grace."""
    _settled(maker, maker.as_of - 20 * MINUTE, "pending", maker.method(is_card))


@_scenario(10)
def cancelled_then_paid_later(maker: Maker, at: int) -> None:
    """A failed try of a cancelled order that turns successful after the moment of truth."""
    _, charge = _tried(maker, at, "cancelled", maker.method())
    maker.fail(charge)
    maker.pay(charge, maker.as_of + maker.rng.randint(2 * HOUR, 2 * DAY))


@_scenario(20)
def double_paid_and_given_back(maker: Maker, at: int) -> None:
    """Paid twice, the second charge refunded in full; no refund of the order."""
    method = maker.method(refundable)
    order = maker.order(at, maker.amount(method), "paid", method, link=METADATA)
    paid_at = maker.pay(maker.charge(order, at, method))
    second = maker.charge(order, paid_at, method)
    maker.refund(second, maker.pay(second) + maker.rng.randint(HOUR, 9 * HOUR))


@_scenario(15)
def dispute_won(maker: Maker, at: int) -> None:
    """Disputed, answered, won."""
    _, charge, paid_at = _settled(maker, at, "paid", maker.method(is_card))
    steps = ((at + 10 * HOUR, "pending"), (at + 20 * HOUR, "won"))
    maker.dispute(charge, paid_at + maker.rng.randint(HOUR, 6 * HOUR), steps)


@_scenario(10)
def zero_amount(maker: Maker, at: int) -> None:
    """Nothing to pay: counted, not judged."""
    maker.order(at, 0, "paid", maker.method())


@_scenario(90)
def cash_on_delivery(maker: Maker, at: int) -> None:
    """Not paid through Omise: the payment method says `cod`."""
    method = maker.method()
    maker.order(at, maker.amount(method), "paid", method).method = "cod"
