"""What a merchant and a payer do at the sandbox by hand: make a charge, pay it or not, mark it.

KakaoPay in won behaves by its test amounts (the KakaoPay document): 10,000 to 999,999 succeed, 1,000,000 lacks funds,
1,000,001 is declined, any other waits until it is marked or expires.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from recon.sandbox.server.paging import BadQuery
from recon.sandbox.worlds.countries import Account
from recon.sandbox.worlds.facts import Charge, Event, Thing, Transaction
from recon.sandbox.worlds.tariff import DAY, HOUR, METHODS, Method, fee_of

KAKAOPAY = "kakaopay"
WON = "KRW"
PAYER_S = 60  # a payer takes 30 to 90 seconds
DECLINED = ("payment_rejected", "payment rejected by issuer")
_TEST_AMOUNTS: Mapping[int, tuple[str, str]] = {
    1_000_000: ("insufficient_balance", "insufficient funds in the wallet"),
    1_000_001: DECLINED,
}
_SUCCEEDS = range(10_000, 1_000_000)


def new_charge(account: Account, params: Mapping[str, str], now: int, number: int) -> Charge:
    """A charge by `amount` (minor units), `currency` and `source[type]`, with `metadata[…]` and `description`.

    `number` makes its id. Raises BadQuery where one of them is missing or no number.
    """
    try:
        amount = int(params["amount"])
        currency = params["currency"].upper()
        name = params["source[type]"]
    except (KeyError, ValueError):
        raise BadQuery("amount, currency and source[type] are needed") from None
    method = _method(account, name)
    metadata = {key[9:-1]: value for key, value in params.items() if key.startswith("metadata[")}
    charge = Charge(
        f"chrg_test_till{number:015d}",
        now,
        account,
        method,
        amount,
        currency,
        now + method.expires_s,
        description=params.get("description"),
        metadata=dict(metadata),
    )
    charge.lapsed_at = charge.expires
    if name == KAKAOPAY and currency == WON:
        if amount in _SUCCEEDS:
            _succeed(charge, now + PAYER_S)
        elif amount in _TEST_AMOUNTS:
            charge.failed_at = now + PAYER_S
            charge.failure = _TEST_AMOUNTS[amount]
    return charge


def mark(charge: Charge, word: str, now: int) -> None:
    """Make a charge successful or failed by hand from now on, as the dashboard can.

    BadQuery for any other word, and for a charge that is successful already.
    """
    if charge.status(now) == "successful":
        raise BadQuery("the charge is successful already")
    if word == "successful":
        _succeed(charge, now)
    elif word == "failed":
        charge.paid_at = None
        charge.failed_at = now
        charge.failure = DECLINED
    else:
        raise BadQuery(f'a charge is marked "successful" or "failed", not "{word}"')


def follow_ups(charge: Charge) -> Iterable[Thing]:
    """The balance transaction of a paid charge, and the events of its life."""
    yield Event(f"evnt_test_{charge.id[10:]}a", charge.created, "charge.create", charge)
    ends = [at for at in (charge.paid_at, charge.failed_at) if at is not None]
    for number, at in enumerate(sorted(ends)):
        yield Event(f"evnt_test_{charge.id[10:]}b{number}", at, "charge.complete", charge)
    if charge.paid_at is not None:
        paid = charge.paid_at
        funding = charge.funding(paid)
        net = funding - fee_of(funding, charge.method, charge.account).total
        free = paid + charge.method.hold_days * DAY
        made = (charge.account, net, "credit", "charge.captured.net", charge.id, free)
        yield Transaction(charge.transaction, paid, *made)


def _succeed(charge: Charge, at: int) -> None:
    charge.paid_at = at
    charge.authorized_at = at
    charge.transaction = charge.id.replace("chrg_", "trxn_", 1)


def _method(account: Account, name: str) -> Method:
    methods = (*METHODS[account.region], *(method for methods in METHODS.values() for method in methods))
    known = next((method for method in methods if method.name == name), None)
    return known or replace(methods[0], name=name, brand="", expires_s=HOUR)
