"""What a merchant and a payer do at the sandbox by hand, from source to refund and dispute.

KakaoPay in won behaves by its test amounts (the KakaoPay document): 10,000 to 999,999 succeed, 1,000,000 lacks funds,
1,000,001 is declined; any other payment waits for its payer (`authorize_uri`), for a mark as the dashboard can set it
in test mode, or for its end. A card's token is charged at once. Codes and their sentences: docs.omise.co/api-errors.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from recon.sandbox.forms import Body, fill, stamp
from recon.sandbox.server.account import AccountServer, ApiRequest
from recon.sandbox.server.profile import ApiError
from recon.sandbox.worlds.countries import RATES, Account
from recon.sandbox.worlds.facts import REFUND_WINDOW_S, VOID_WINDOW_S, Charge, Dispute, Refund, Transaction
from recon.sandbox.worlds.tariff import DAY, HOUR, METHODS, Method, convert

KAKAOPAY = "kakaopay"
WON = "KRW"  # no currency of Omise's: taken as the document says, whatever the amount
PAYER_S = 60  # a payer takes 30 to 90 seconds
REFUND_S = 3 * DAY  # until a wallet's payer has the money back
MOST_REFUNDS = 15
CANCELLED = ("payment_cancelled", "payment cancelled by payer")
DECLINED = ("payment_rejected", "payment rejected by issuer")
_TEST_AMOUNTS: Mapping[int, tuple[str, str]] = {
    1_000_000: ("insufficient_balance", "insufficient funds in the wallet"),
    1_000_001: DECLINED,
}
_SUCCEEDS = range(10_000, 1_000_000)
_BRANDS: Mapping[str, str] = {"4": "Visa", "5": "MasterCard", "3": "JCB"}

Action = Callable[[AccountServer, ApiRequest, int], Charge | Refund | Dispute | Body]


def make_source(server: AccountServer, request: ApiRequest, now: int) -> Body:
    """POST /sources: `type`, `amount` (minor units), `currency`; a charge may use it once."""
    params = request.params
    amount = _amount(params, server.account)
    id = server.make_id("src")
    sent = {name: params[name] for name in ("email", "name", "phone_number", "platform_type") if name in params}
    server.sources[id] = fill(
        "source",
        id=id,
        location=f"/sources/{id}",
        amount=amount,
        currency=params["currency"].upper(),
        created_at=stamp(now),
        flow=_method(server.account, _needed(params, "type")).flow,
        type=params["type"],
        charge_status="unknown",
        **sent,
    )
    return server.sources[id]


def make_token(server: AccountServer, request: ApiRequest, now: int) -> Body:
    """POST /tokens, the vault's: of a card number only the brand and the last four digits are kept."""
    number = _needed(request.params, "card[number]").replace(" ", "")
    if not number.isdecimal() or len(number) < 12:
        raise ApiError("invalid_card", "number is invalid")
    id = server.make_id("tokn")
    card = {
        "id": id.replace("tokn_", "card_", 1),
        "brand": _BRANDS.get(number[0], "Visa"),
        "last_digits": number[-4:],
        "created_at": stamp(now),
    }
    server.tokens[id] = {
        "object": "token",
        "id": id,
        "livemode": False,
        "location": f"/tokens/{id}",
        "charge_status": "unknown",
        "card": fill("card", **card, name=request.params.get("card[name]")),
        "created_at": stamp(now),
    }
    return server.tokens[id]


def make_charge(server: AccountServer, request: ApiRequest, now: int) -> Charge:
    """POST /charges: `amount`, `currency`, and `source`, `source[type]` or `card`; `metadata[…]`, `description`,
    `return_uri`, `expires_at`, `capture`."""
    params = request.params
    amount = _amount(params, server.account)
    currency = params["currency"].upper()
    token = _token(server, params["card"]) if "card" in params else None
    source: Body = {} if token else _source(server, request, amount, currency, now)
    method = _card(server.account, token["card"]["brand"]) if token else _method(server.account, source["type"])
    charge = Charge(
        server.make_id("chrg"),
        now,
        server.account,
        method,
        amount,
        currency,
        _expiry(params, now, method),
        params.get("capture", "true").lower() != "false",
        description=params.get("description"),
        metadata=_metadata(params),
        source=source,
        return_uri=params.get("return_uri", ""),
    )
    charge.lapsed_at = charge.expires
    if token:
        server.charged[token["id"]] = charge
        charge.holder = token["card"]["name"] or ""
        charge.serial = int(token["card"]["last_digits"])
        charge.authorized_at = now
        if charge.capture:
            _succeed(charge, now)
    else:
        server.charged[source["id"]] = charge
    if not token and method.flow != "offline":
        charge.authorize_uri = f"{request.base}/payments/{charge.id.replace('chrg_', 'paym_', 1)}/authorize"
    if method.name == KAKAOPAY and currency == WON:
        if amount in _SUCCEEDS:
            _succeed(charge, now + PAYER_S)
        elif amount in _TEST_AMOUNTS:
            _fail(charge, now + PAYER_S, _TEST_AMOUNTS[amount])
    server.put(charge, now)
    return charge


def update_charge(server: AccountServer, request: ApiRequest, now: int) -> Charge:
    """PATCH /charges/{id}: `description`, `metadata[…]`."""
    charge = _charge(server, request, now)
    charge.description = request.params.get("description", charge.description)
    charge.metadata = _metadata(request.params) or charge.metadata
    server.put(charge, now)
    server.report("charge.update", charge, now)
    return charge


def capture(server: AccountServer, request: ApiRequest, now: int) -> Charge:
    """POST /charges/{id}/capture: all of an authorization, or `capture_amount` of it."""
    charge = _charge(server, request, now)
    if charge.status(now) == "expired":
        raise ApiError("expired_charge", "charge was expired")
    amount = _number(request.params, "capture_amount") if "capture_amount" in request.params else charge.amount
    if not _is_held(charge, now) or not 0 < amount <= charge.amount:
        raise ApiError("failed_capture", "charge cannot be captured")
    charge.captured = amount if amount < charge.amount else 0
    _succeed(charge, now)
    server.put(charge, now)
    return charge


def reverse(server: AccountServer, request: ApiRequest, now: int) -> Charge:
    """POST /charges/{id}/reverse: let an authorization go."""
    charge = _charge(server, request, now)
    if not _is_held(charge, now):
        raise ApiError("failed_reverse", "charge cannot be reversed")
    charge.reversed_at = now
    charge.lapsed_at = None
    server.put(charge, now)
    return charge


def expire(server: AccountServer, request: ApiRequest, now: int) -> Charge:
    """POST /charges/{id}/expire: end a payment that waits for its payer."""
    charge = _charge(server, request, now)
    if charge.status(now) != "pending" or charge.authorized_at == charge.created:
        raise ApiError("failed_expire", "charge cannot be expired")
    charge.expires = charge.lapsed_at = now
    charge.paid_at = charge.failed_at = None
    server.put(charge, now)
    return charge


def mark_charge(server: AccountServer, request: ApiRequest, now: int) -> Charge:
    """POST /charges/{id}/mark_as_{successful,failed}, as the dashboard can in test mode, whatever the charge is."""
    charge = _charge(server, request, now)
    if charge.status(now) == "successful":
        raise ApiError("invalid_charge", "the charge is successful already")
    if request.parts["status"] == "successful":
        _succeed(charge, now)
    else:
        _fail(charge, now, DECLINED)
    server.put(charge, now)
    return charge


def complete(server: AccountServer, request: ApiRequest, now: int) -> Charge:
    """What a payer does at the charge's `authorize_uri`: pays, or with `result` = cancelled, does not."""
    charge = _charge(server, request, now)
    if charge.status(now) != "pending":
        raise ApiError("expired_charge", f"this payment is {charge.status(now)}")
    if request.params.get("result") == "cancelled":
        _fail(charge, now, CANCELLED)
    else:
        _succeed(charge, now)
    server.put(charge, now)
    return charge


def refund(server: AccountServer, request: ApiRequest, now: int) -> Refund:
    """POST /charges/{id}/refunds: `amount`, debited at once; a card's whole charge within a day is voided."""
    charge = _charge(server, request, now)
    amount = _number(request.params, "amount")
    left = charge.taken(now) - charge.refunded(now)
    method = charge.method
    for is_wrong, why in (
        (charge.status(now) != "successful", "charge is not successful"),
        (charge.dispute is not None, "charge is disputed"),
        (not 0 < amount <= left, "amount is greater than what is left to refund"),
        (method.refund == "none", f"{method.name} cannot be refunded"),
        (method.refund == "full" and amount < charge.taken(now), f"{method.name} can be refunded in full only"),
        (len(charge.refunds) >= MOST_REFUNDS, f"a charge has at most {MOST_REFUNDS} refunds"),
        (now >= (charge.paid_at or now) + REFUND_WINDOW_S, "charge is too old to be refunded"),
    ):
        if is_wrong:
            raise ApiError("failed_refund", why)
    is_void = method.is_card and amount == charge.taken(now) and now < (charge.paid_at or 0) + VOID_WINDOW_S
    id = server.make_id("rfnd")
    funding = convert(amount, charge.currency, server.account.currency)
    transaction = id.replace("rfnd_", "trxn_", 1)
    made = Refund(id, now, charge, amount, funding, transaction, is_void, now if method.is_card else now + REFUND_S)
    charge.refunds.append(made)
    server.put(made, now)
    server.put(charge, now)
    return made


def dispute(server: AccountServer, request: ApiRequest, now: int) -> Dispute:
    """POST /charges/{id}/disputes, recorded in test mode: debits what is not refunded."""
    charge = _charge(server, request, now)
    amount = charge.taken(now) - charge.refunded(now)
    if charge.status(now) != "successful" or charge.dispute is not None or amount <= 0:
        raise ApiError("invalid_charge", "charge cannot be disputed")
    funding = convert(amount, charge.currency, server.account.currency)
    made = charge.dispute = Dispute(server.make_id("dspt"), now, charge, amount, funding)
    _book(server, made, "debit", "dispute.started.debit", now)
    server.put(made, now)
    server.put(charge, now)
    return made


def answer_dispute(server: AccountServer, request: ApiRequest, now: int) -> Dispute:
    """PATCH /disputes/{id}: a `message` makes an open dispute pending, as recorded."""
    made = _open_dispute(server, request, now)
    made.message = _needed(request.params, "message")
    if made.status(now) == "open":
        made.steps = ((now, "pending"),)
    server.put(made, now)
    server.put(made.charge, now)
    return made


def close_dispute(server: AccountServer, request: ApiRequest, now: int) -> Dispute:
    """PATCH /disputes/{id}/accept loses it; POST /disputes/{id}/mark_as_{won,lost} is the sandbox's own."""
    made = _open_dispute(server, request, now)
    status = request.parts.get("status", "lost")
    made.steps = (*made.steps, (now, status))
    if status == "won":
        _book(server, made, "credit", "dispute.won.credit", now)
    server.put(made, now)
    server.put(made.charge, now)
    return made


def waiting(server: AccountServer, request: ApiRequest, now: int) -> Body:
    """GET /sources/{id} and /tokens/{id}: as made, with the status of the charge that used it."""
    id = request.parts["id"]
    made = {**server.sources, **server.tokens}.get(id)
    if made is None:
        raise ApiError("not_found", "the requested object was not found", 404)
    charge = server.charged.get(id)
    return made | {"charge_status": charge.status(now)} if charge else made


# What is done by hand, by method and path.
ACTIONS: Mapping[tuple[str, str], Action] = {
    ("GET", "/sources/{id}"): waiting,
    ("GET", "/tokens/{id}"): waiting,
    ("POST", "/sources"): make_source,
    ("POST", "/tokens"): make_token,
    ("POST", "/charges"): make_charge,
    ("PATCH", "/charges/{id}"): update_charge,
    ("POST", "/charges/{id}/capture"): capture,
    ("POST", "/charges/{id}/reverse"): reverse,
    ("POST", "/charges/{id}/expire"): expire,
    ("POST", "/charges/{id}/mark_as_{status:successful|failed}"): mark_charge,
    ("POST", "/charges/{id}/refunds"): refund,
    ("POST", "/charges/{id}/disputes"): dispute,
    ("PATCH", "/disputes/{id}"): answer_dispute,
    ("PATCH", "/disputes/{id}/accept"): close_dispute,
    ("POST", "/disputes/{id}/mark_as_{status:won|lost}"): close_dispute,
}


def _charge(server: AccountServer, request: ApiRequest, now: int) -> Charge:
    charge: Charge = server.find(Charge, request.parts["id"], now)
    return charge


def _open_dispute(server: AccountServer, request: ApiRequest, now: int) -> Dispute:
    made: Dispute = server.find(Dispute, request.parts["id"], now)
    if made.status(now) in ("won", "lost"):
        raise ApiError("bad_request", "dispute is closed")
    return made


def _book(server: AccountServer, made: Dispute, direction: str, key: str, now: int) -> None:
    account = server.account
    booked = Transaction(server.make_id("trxn"), now, account, made.funding, direction, key, made.id, now)
    made.transactions.append(booked)


def _succeed(charge: Charge, at: int) -> None:
    charge.paid_at = at
    charge.authorized_at = charge.authorized_at or at
    charge.transaction = charge.id.replace("chrg_", "trxn_", 1)
    _ends_before_it_lapses(charge, at)


def _fail(charge: Charge, at: int, failure: tuple[str, str]) -> None:
    charge.paid_at = None
    charge.failed_at = at
    charge.failure = failure
    _ends_before_it_lapses(charge, at)


def _ends_before_it_lapses(charge: Charge, at: int) -> None:
    if charge.lapsed_at is not None and at <= charge.lapsed_at:
        charge.lapsed_at = None


def _is_held(charge: Charge, now: int) -> bool:
    return not charge.capture and charge.authorized_at is not None and charge.status(now) == "pending"


def _token(server: AccountServer, id: str) -> Body:
    token = server.tokens.get(id)
    if token is None:
        raise ApiError("not_found", f"token {id} was not found", 404)
    if id in server.charged:
        raise ApiError("used_token", "token was already used")
    return token


def _source(server: AccountServer, request: ApiRequest, amount: int, currency: str, now: int) -> Body:
    """The source that a charge names, or one made of its `source[…]`."""
    params = request.params
    if "source" in params:
        source = server.sources.get(params["source"])
        if source is None:
            raise ApiError("not_found", f"source {params['source']} was not found", 404)
        if source["id"] in server.charged:
            raise ApiError("invalid_charge", "source was already used")
        if (source["amount"], source["currency"]) != (amount, currency):
            raise ApiError("invalid_charge", "amount and currency must be those of the source")
        return source
    inline = {key[7:-1]: value for key, value in params.items() if key.startswith("source[")}
    inline |= {"amount": str(amount), "currency": currency}
    return make_source(server, replace(request, params=inline), now)


def _amount(params: Mapping[str, str], account: Account) -> int:
    """The amount in a currency that can be charged, within the country's limits after conversion."""
    amount = _number(params, "amount")
    currency = _needed(params, "currency").upper()
    if currency not in RATES:
        raise ApiError("invalid_charge", f"currency {currency.lower()} is currently not supported")
    funding = convert(amount, currency, account.currency)
    unit = f"({account.currency.lower()} subunits)"
    if currency != WON and funding < account.charge_min:
        raise ApiError("invalid_charge", f"amount must be greater than or equal to {account.charge_min} {unit}")
    if currency != WON and funding > account.charge_max:
        raise ApiError("invalid_charge", f"amount must be less than or equal to {account.charge_max} {unit}")
    return amount


def _needed(params: Mapping[str, str], name: str) -> str:
    if name not in params:
        raise ApiError("bad_request", f"{name} is needed")
    return params[name]


def _number(params: Mapping[str, str], name: str) -> int:
    text = _needed(params, name)
    if not text.isascii() or not text.isdecimal():
        raise ApiError("bad_request", f"{name} must be a whole number of the currency's smallest unit")
    return int(text)


def _metadata(params: Mapping[str, str]) -> dict[str, object]:
    return {key[9:-1]: value for key, value in params.items() if key.startswith("metadata[")}


def _expiry(params: Mapping[str, str], now: int, method: Method) -> int:
    if "expires_at" not in params:
        return now + method.expires_s
    try:
        at = int(datetime.fromisoformat(params["expires_at"]).timestamp())
    except ValueError:
        raise ApiError("bad_request", "expires_at must be an ISO 8601 time") from None
    if at <= now:
        raise ApiError("bad_request", "expires_at must lie in the future")
    return at


def _card(account: Account, brand: str) -> Method:
    cards = [method for method in METHODS[account.region] if method.is_card]
    return next((method for method in cards if method.brand == brand), cards[0])


def _method(account: Account, name: str) -> Method:
    methods = (*METHODS[account.region], *(method for methods in METHODS.values() for method in methods))
    named = next((method for method in methods if method.name == name and not method.is_card), None)
    return named or replace(methods[0], name=name, brand="", expires_s=HOUR)
