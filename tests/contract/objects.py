"""Omise's objects as JSON in the shape of API version 2019-05-29, and the arithmetic of their fees."""

import hashlib
from datetime import UTC, date, datetime
from typing import Any

Json = dict[str, Any]

EXPONENTS = {"JPY": 0, "KRW": 0}
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
CARD = "card"


def object_id(prefix: str, name: str, *, live: bool = False) -> str:
    """An id of Omise's shape that is the same for the same name: chrg_test_ and nineteen characters of base 36."""
    number = int.from_bytes(hashlib.sha256(f"{prefix} {name}".encode()).digest()[:13])
    letters = []
    for _ in range(19):
        number, rest = divmod(number, 36)
        letters.append(DIGITS[rest])
    return f"{prefix}_{'' if live else 'test_'}{''.join(letters)}"


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def major(amount: int, currency: str) -> str:
    """Minor units as people write them: 125000 THB is 1250.00, 1250 JPY is 1250."""
    exponent = EXPONENTS.get(currency, 2)
    if exponent == 0:
        return str(amount)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(exponent + 1, "0")
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"


def percent(base: int, rate: str) -> int:
    """`rate` per cent of `base`, half up, in whole numbers: 5000 at 3.65 is 183."""
    whole, _, decimals = rate.partition(".")
    scaled = int(whole + decimals.ljust(4, "0"))
    return (2 * base * scaled + 1_000_000) // 2_000_000


def empty_list(location: str, now: datetime) -> Json:
    return {
        "object": "list",
        "data": [],
        "limit": 20,
        "offset": 0,
        "total": 0,
        "location": location,
        "order": "chronological",
        "from": "1970-01-01T00:00:00Z",
        "to": stamp(now),
    }


def card(brand: str, live: bool, created_at: datetime) -> Json:
    return {
        "object": "card",
        "id": object_id("card", f"{brand} {stamp(created_at)}", live=live),
        "livemode": live,
        "location": None,
        "deleted": False,
        "street1": None,
        "street2": None,
        "city": "Bangkok",
        "state": None,
        "phone_number": None,
        "postal_code": "10320",
        "country": "th",
        "financing": "credit",
        "bank": "",
        "brand": brand,
        "fingerprint": "6Dg5ncsSseId+2Pkar1y8MNjk+1MPEYQaBAWxr64McE=",
        "first_digits": None,
        "last_digits": "4242",
        "name": "A. Payer",
        "expiration_month": 11,
        "expiration_year": 2029,
        "security_code_check": True,
        "tokenization_method": None,
        "created_at": stamp(created_at),
    }


def source(kind: str, amount: int, currency: str, status: str, live: bool, created_at: datetime) -> Json:
    nulls = (
        "barcode bank email installment_term ip absorption_type name mobile_number phone_number platform_type "
        "scannable_code qr_settings billing shipping references provider_references store_id store_name "
        "terminal_id zero_interest_installments receipt_amount promotion_code"
    )
    return {
        "object": "source",
        "id": object_id("src", f"{kind} {amount} {stamp(created_at)}", live=live),
        "livemode": live,
        "amount": amount,
        "currency": currency,
        "created_at": stamp(created_at),
        "flow": "offline" if kind in ("promptpay", "paynow", "econtext") else "redirect",
        "type": kind,
        "items": [],
        "discounts": [],
        "charge_status": status,
        **dict.fromkeys(nulls.split()),
    }


def charge(
    charge_id: str,
    amount: int,
    currency: str,
    *,
    live: bool,
    created_at: datetime,
    expires_at: datetime | None,
    method: str = CARD,
    brand: str = "Visa",
) -> Json:
    """A charge that nobody has paid yet; `pay`, `fail`, `expire` and `authorise` take it further."""
    nulls = (
        "acquirer_reference_number link description schedule linked_account customer dispute transaction "
        "failure_code failure_message merchant_advice merchant_advice_code authorize_uri return_uri paid_at "
        "authorized_at expired_at reversed_at branch terminal device approval_code authorization_type ip"
    )
    flags = (
        "multi_capture zero_interest_installments authorized capturable disputable refundable partially_refundable "
        "reversed reversible voided paid expired can_perform_void"
    )
    body: Json = {
        "object": "charge",
        "id": charge_id,
        "location": f"/charges/{charge_id}",
        "amount": amount,
        "currency": currency,
        "funding_amount": amount,
        "funding_currency": currency,
        "refunded_amount": 0,
        "transaction_fees": {"fee_flat": "0.0", "fee_rate": "3.65", "vat_rate": "7.0"},
        "platform_fee": {"fixed": None, "amount": None, "percentage": None},
        "interest": 0,
        "interest_vat": 0,
        "refunds": empty_list(f"/charges/{charge_id}/refunds", created_at),
        "metadata": {},
        "card": card(brand, live, created_at) if method == CARD else None,
        "source": None if method == CARD else source(method, amount, currency, "pending", live, created_at),
        "status": "pending",
        "created_at": stamp(created_at),
        "expires_at": stamp(expires_at) if expires_at else None,
        "capture": True,
        "livemode": live,
        **dict.fromkeys(nulls.split()),
        **dict.fromkeys(flags.split(), False),
    }
    price(body)
    return body


def price(body: Json) -> None:
    """Fee, VAT and net by the rates on the charge, over what was captured, in the funding currency."""
    fees = body["transaction_fees"]
    flat, _, cents = fees["fee_flat"].partition(".")
    exponent = EXPONENTS.get(body["funding_currency"], 2)
    flat_units = int(flat + cents.ljust(exponent, "0")[:exponent])
    body["fee"] = percent(body["funding_amount"], fees["fee_rate"]) + flat_units
    body["fee_vat"] = percent(body["fee"], fees["vat_rate"])
    taken = body["fee"] + body["fee_vat"] + body["interest"] + body["interest_vat"]
    body["net"] = body["funding_amount"] - taken


def set_status(body: Json, status: str) -> None:
    body["status"] = status
    if body["source"]:
        body["source"]["charge_status"] = status


def pay(body: Json, paid_at: datetime, captured: int) -> None:
    set_status(body, "successful")
    body.update(paid=True, authorized=True, refundable=True, partially_refundable=True, disputable=True)
    body.update(paid_at=stamp(paid_at), authorized_at=stamp(paid_at))
    body.update(authorized_amount=body["amount"], captured_amount=captured)


def refund(refund_id: str, paid: Json, amount: int, *, created_at: datetime, status: str, voided: bool) -> Json:
    funding = amount * paid["funding_amount"] // paid.get("captured_amount", paid["amount"])
    return {
        "object": "refund",
        "id": refund_id,
        "location": f"/charges/{paid['id']}/refunds/{refund_id}",
        "livemode": paid["livemode"],
        "voided": voided,
        "currency": paid["currency"],
        "amount": amount,
        "metadata": {},
        "charge": paid["id"],
        "capture": None,
        "terminal": None,
        "transaction": None,
        "status": status,
        "funding_amount": funding,
        "funding_currency": paid["funding_currency"],
        "created_at": stamp(created_at),
        "acquirer_reference_number": None,
        "approval_code": None,
    }


def transaction(
    transaction_id: str,
    amount: int,
    currency: str,
    direction: str,
    key: str,
    origin: str,
    *,
    live: bool,
    created_at: datetime,
    transferable_at: datetime,
) -> Json:
    return {
        "object": "transaction",
        "id": transaction_id,
        "livemode": live,
        "currency": currency,
        "amount": amount,
        "location": f"/transactions/{transaction_id}",
        "direction": direction,
        "key": key,
        "origin": origin,
        "transferable_at": stamp(transferable_at),
        "created_at": stamp(created_at),
    }


def transfer(
    transfer_id: str, amount: int, currency: str, fee: int, fee_vat: int, *, live: bool, created_at: datetime
) -> Json:
    return {
        "object": "transfer",
        "id": transfer_id,
        "livemode": live,
        "location": f"/transfers/{transfer_id}",
        "deleted": False,
        "fail_fast": False,
        "paid": False,
        "sent": False,
        "sendable": True,
        "currency": currency,
        "amount": amount,
        "fee": fee,
        "fee_vat": fee_vat,
        "total_fee": fee + fee_vat,
        "net": amount - fee - fee_vat,
        "metadata": {},
        "recipient": object_id("recp", currency, live=live),
        "bank_account": {
            "object": "bank_account",
            "livemode": live,
            "last_digits": "6789",
            "account_number": "123456789",
            "name": "DEFAULT BANK ACCOUNT",
            "type": None,
            "created_at": "2025-01-13T02:42:11Z",
            "brand": "Test Bank",
            "bank_code": "test",
            "branch_code": None,
        },
        "failure_code": None,
        "failure_message": None,
        "paid_at": None,
        "sent_at": None,
        "balance_hold_at": None,
        "created_at": stamp(created_at),
        "transactions": [],
        "schedule": None,
        "split_transfer_group_id": None,
    }


def dispute(dispute_id: str, paid: Json, *, created_at: datetime) -> Json:
    rest = paid.get("captured_amount", paid["amount"]) - paid["refunded_amount"]
    return {
        "object": "dispute",
        "id": dispute_id,
        "livemode": paid["livemode"],
        "location": f"/disputes/{dispute_id}",
        "currency": paid["currency"],
        "amount": rest,
        "funding_amount": rest * paid["funding_amount"] // paid.get("captured_amount", paid["amount"]),
        "funding_currency": paid["funding_currency"],
        "metadata": {},
        "charge": paid["id"],
        "documents": empty_list(f"/disputes/{dispute_id}/documents", created_at),
        "transactions": [],
        "admin_message": None,
        "message": None,
        "reason_code": "goods_or_services_not_provided",
        "reason_message": "Merchandise/Services Not Received",
        "status": "open",
        "closed_at": None,
        "created_at": stamp(created_at),
    }


def receipt(
    receipt_id: str, day: date, charge_fee: int, transfer_fee: int, vat: int, currency: str, *, created_at: datetime
) -> Json:
    """Omise's tax receipt of a day's fees; only live accounts have them."""
    subtotal = charge_fee + transfer_fee
    return {
        "object": "receipt",
        "id": receipt_id,
        "livemode": True,
        "location": f"/receipts/{receipt_id}",
        "number": f"OMTH{day:%Y%m%d}0001",
        "issued_on": day.isoformat(),
        "charge_fee": charge_fee,
        "transaction_fee": 0,
        "transfer_fee": transfer_fee,
        "voided_fee": 0,
        "subtotal": subtotal,
        "vat": vat,
        "wht": 0,
        "total": subtotal + vat,
        "credit_note": False,
        "currency": currency,
        "customer_name": "Shop Example",
        "customer_tax_id": "0000000000000",
        "company_name": "Omise Company Limited",
        "company_tax_id": "0000000000000",
        "created_at": stamp(created_at),
    }
