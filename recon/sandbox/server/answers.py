"""Facts as Omise's JSON objects of API version 2019-05-29 at a moment."""

from datetime import UTC, datetime
from typing import Any

from recon.sandbox.worlds.countries import OPENED, Account
from recon.sandbox.worlds.facts import (
    REFUND_WINDOW_S,
    VOID_WINDOW_S,
    Charge,
    Dispute,
    Event,
    Given,
    Refund,
    Thing,
    Transaction,
    Transfer,
)
from recon.sandbox.worlds.tariff import rate_text

Body = dict[str, Any]

REASONS = (
    ("goods_or_services_not_provided", "Merchandise/Services Not Received"),
    ("unauthorized_charge", "Unauthorized Charge"),
    ("transaction_not_recognised", "Transaction Not Recognised"),
)


def stamp(at: int) -> str:
    """A moment as Omise writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat()[:19] + "Z"


def _stamp_or_none(at: int | None, now: int) -> str | None:
    return None if at is None or at > now else stamp(at)


def body(thing: Thing, at: int, clock: str = "") -> Body:
    """The JSON object of anything at a moment. `clock` stands as `to` in the lists inside it; default: `at`."""
    clock = clock or stamp(at)
    match thing:
        case Charge():
            return charge_body(thing, at, clock)
        case Transaction():
            return transaction_body(thing)
        case Event():
            return event_body(thing)
        case Refund():
            return refund_body(thing, at)
        case Transfer():
            return transfer_body(thing, at)
        case Dispute():
            return dispute_body(thing, at, clock)
        case Given():
            return thing.data


def _inner_list(location: str, data: list[Body], clock: str) -> Body:
    return {
        "object": "list",
        "data": data,
        "limit": 20,
        "offset": 0,
        "total": len(data),
        "location": location,
        "order": "chronological",
        "from": "1970-01-01T00:00:00Z",
        "to": clock,
    }


def charge_body(charge: Charge, at: int, clock: str) -> Body:
    """A charge: money, then who and what, then its state."""
    status = charge.status(at)
    return {
        "object": "charge",
        "id": charge.id,
        "location": f"/charges/{charge.id}",
        **_charge_money(charge, at, status),
        **_charge_party(charge, at, clock),
        **_charge_state(charge, at, status),
    }


def _charge_money(charge: Charge, at: int, status: str) -> Body:
    funding, account = charge.funding(at), charge.account
    fee = charge.costs(at)
    body: Body = {"amount": charge.amount}
    if charge.capture or status == "successful":  # recorded: absent on a charge that waits for its capture
        body["authorization_type"] = None if charge.capture else "pre_auth"
        body["authorized_amount"] = charge.amount
        body["captured_amount"] = charge.taken(at)
    return body | {
        "acquirer_reference_number": None,
        "net": funding - fee.total,
        "fee": fee.fee,
        "fee_vat": fee.vat,
        "interest": fee.interest,
        "interest_vat": fee.interest_vat,
        "funding_amount": funding,
        "refunded_amount": charge.refunded(at),
        "transaction_fees": {
            "fee_flat": "0.0",
            "fee_rate": rate_text(charge.method.rate),
            "vat_rate": rate_text(account.vat_rate),
        },
        "platform_fee": {"fixed": None, "amount": None, "percentage": None},
        "currency": charge.currency,
        "funding_currency": account.currency,
    }


def _charge_party(charge: Charge, at: int, clock: str) -> Body:
    card = charge.method.is_card
    refunds = [refund_body(r, at) for r in charge.refunds if r.created <= at]
    dispute = charge.dispute
    return {
        "ip": charge.ip,
        "refunds": _inner_list(f"/charges/{charge.id}/refunds", refunds, clock),
        "link": None,
        "description": charge.description,
        "metadata": charge.metadata,
        "card": _card(charge) if card else None,
        "source": None if card else _source(charge, at),
        "schedule": None,
        "linked_account": None,
        "customer": None,
        "dispute": dispute_body(dispute, at, clock) if dispute is not None and dispute.created <= at else None,
    }


def _charge_state(charge: Charge, at: int, status: str) -> Body:
    paid, held = status == "successful", charge.authorized_at is not None and at >= charge.authorized_at
    over = at >= charge.expires and status in ("successful", "failed", "expired")
    refunded, disputed = charge.refunded(at), charge.dispute is not None and charge.dispute.created <= at
    voided = any(r.voided and r.created <= at for r in charge.refunds)
    left = (charge.captured or charge.amount) - refunded
    can_refund = (
        paid
        and left > 0
        and not disputed
        and charge.method.refund != "none"
        and at < (charge.paid_at or 0) + REFUND_WINDOW_S
    )
    open_hold = not charge.capture and held and status == "pending"
    code, message = charge.failure if status == "failed" else (None, None)
    body: Body = {
        "transaction": (charge.transaction or None) if paid else None,
        "failure_code": code,
        "failure_message": message,
        "merchant_advice": None,
        "merchant_advice_code": None,
        "status": status,
        "authorize_uri": f"https://api.example.com/payments/{charge.id}/authorize",
        "return_uri": "https://shop.example.com/return",
        "created_at": stamp(charge.created),
        "paid_at": _stamp_or_none(charge.paid_at, at),
        "authorized_at": _stamp_or_none(charge.authorized_at, at),
        "expires_at": stamp(charge.expires),
        "expired_at": stamp(charge.expires) if over else None,
        "reversed_at": _stamp_or_none(charge.reversed_at, at) if status == "reversed" else None,
        "multi_capture": False,
        "zero_interest_installments": False,
        "branch": None,
        "terminal": None,
        "device": None,
        "authorized": held,
        "capturable": open_hold,
        "capture": charge.capture,
        "disputable": paid and charge.method.is_card and not disputed and left > 0,
        "livemode": False,
        "refundable": can_refund,
        "partially_refundable": can_refund and charge.method.refund == "partial",
        "reversed": status == "reversed",
        "reversible": open_hold,
        "voided": voided,
        "paid": paid,
        "expired": over and not paid,
        "can_perform_void": can_refund and charge.method.is_card and at < (charge.paid_at or 0) + VOID_WINDOW_S,
        "approval_code": None,
    }
    if charge.serial % 40 == 7:  # Omise adds fields without notice: a reader must not mind
        body["network_routing_hint"] = {"lane": charge.serial % 3}
    return body


def _card(charge: Charge) -> Body:
    return {
        "object": "card",
        "id": charge.id.replace("chrg_", "card_", 1),
        "livemode": False,
        "location": None,
        "deleted": False,
        "street1": None,
        "street2": None,
        "city": None,
        "state": None,
        "phone_number": None,
        "postal_code": None,
        "country": charge.account.region.lower(),
        "financing": "credit",
        "bank": "Example Bank",
        "brand": charge.method.brand,
        "fingerprint": "c3ludGhldGljLWZpbmdlcnByaW50",
        "first_digits": None,
        "last_digits": f"{charge.serial % 10_000:04d}",
        "name": charge.holder,
        "expiration_month": 1 + charge.serial % 12,
        "expiration_year": 2031,
        "security_code_check": True,
        "tokenization_method": None,
        "created_at": stamp(charge.created),
    }


_SOURCE_NULLS = (
    "barcode",
    "bank",
    "installment_term",
    "absorption_type",
    "mobile_number",
    "scannable_code",
    "qr_settings",
    "billing",
    "shipping",
    "references",
    "provider_references",
    "store_id",
    "store_name",
    "terminal_id",
    "zero_interest_installments",
    "receipt_amount",
    "promotion_code",
    "platform_type",
)


def _source(charge: Charge, at: int) -> Body:
    return {
        "object": "source",
        "id": charge.id.replace("chrg_", "src_", 1),
        "livemode": False,
        "location": f"/sources/{charge.id.replace('chrg_', 'src_', 1)}",
        "amount": charge.amount,
        "created_at": stamp(charge.created),
        "currency": charge.currency,
        "email": charge.metadata.get("customer_email"),
        "flow": charge.method.flow,
        "ip": charge.ip,
        "name": charge.holder,
        "phone_number": f"+00 555 {charge.serial % 10_000:04d}",
        "type": charge.method.name,
        "charge_status": charge.status(at),
        "items": [],
        "discounts": [],
        **dict.fromkeys(_SOURCE_NULLS),
    }


def refund_body(refund: Refund, at: int) -> Body:
    """A refund, or a void."""
    return {
        "object": "refund",
        "id": refund.id,
        "location": f"/charges/{refund.charge.id}/refunds/{refund.id}",
        "livemode": False,
        "voided": refund.voided,
        "currency": refund.charge.currency,
        "amount": refund.amount,
        "metadata": {},
        "charge": refund.charge.id,
        "capture": None,
        "terminal": None,
        "transaction": refund.transaction or None,
        "status": refund.status(at),
        "funding_amount": refund.funding,
        "funding_currency": refund.charge.account.currency,
        "created_at": stamp(refund.created),
        "acquirer_reference_number": None,
        "approval_code": None,
    }


def transaction_body(transaction: Transaction) -> Body:
    """A balance transaction."""
    return {
        "object": "transaction",
        "id": transaction.id,
        "livemode": False,
        "currency": transaction.account.currency,
        "amount": transaction.amount,
        "location": f"/transactions/{transaction.id}",
        "direction": transaction.direction,
        "key": transaction.key,
        "origin": transaction.origin,
        "transferable_at": stamp(transaction.transferable),
        "created_at": stamp(transaction.created),
    }


def dispute_body(dispute: Dispute, at: int, clock: str) -> Body:
    """A dispute, its transactions newest first."""
    status = dispute.status(at)
    code, message = REASONS[dispute.amount % len(REASONS)]
    closed = dispute.steps[-1][0] if status in ("won", "lost") else None
    moved = [transaction_body(t) for t in reversed(dispute.transactions) if t.created <= at]
    return {
        "object": "dispute",
        "id": dispute.id,
        "livemode": False,
        "location": f"/disputes/{dispute.id}",
        "currency": dispute.charge.currency,
        "amount": dispute.amount,
        "funding_amount": dispute.funding,
        "funding_currency": dispute.charge.account.currency,
        "metadata": {},
        "charge": dispute.charge.id,
        "documents": _inner_list(f"/disputes/{dispute.id}/documents", [], clock),
        "transactions": moved,
        "admin_message": None,
        "message": None,
        "reason_code": code,
        "reason_message": message,
        "status": status,
        "closed_at": None if closed is None else stamp(closed),
        "created_at": stamp(dispute.created),
    }


def transfer_body(transfer: Transfer, at: int) -> Body:
    """A transfer with the full account number, as Omise gives it."""
    sent, paid, account = at >= transfer.sent_at, at >= transfer.paid_at, transfer.account
    return {
        "object": "transfer",
        "id": transfer.id,
        "livemode": False,
        "location": f"/transfers/{transfer.id}",
        "deleted": False,
        "fail_fast": False,
        "paid": paid,
        "sent": sent,
        "sendable": True,
        "currency": account.currency,
        "amount": transfer.amount,
        "fee": account.transfer_fee,
        "metadata": {},
        "recipient": f"recp_test_sandbox{account.name}",
        "bank_account": _bank_account(account),
        "failure_code": transfer.failure or None,
        "failure_message": None,
        "paid_at": stamp(transfer.paid_at) if paid else None,
        "sent_at": stamp(transfer.sent_at) if sent else None,
        "balance_hold_at": None,
        "created_at": stamp(transfer.created),
        "transactions": [transaction_body(transfer.transaction)] if sent and transfer.transaction else [],
        "schedule": None,
        "fee_vat": account.transfer_fee_vat,
        "net": transfer.net,
        "total_fee": account.transfer_fee + account.transfer_fee_vat,
        "split_transfer_group_id": None,
    }


def _bank_account(account: Account) -> Body:
    return {
        "object": "bank_account",
        "livemode": False,
        "last_digits": "6789",
        "account_number": "000123456789",
        "name": "EXAMPLE SHOP CO LTD",
        "type": None,
        "created_at": stamp(OPENED),
        "brand": f"Test Bank {account.region}",
        "bank_code": "test",
        "branch_code": None,
    }


def event_body(event: Event) -> Body:
    """An event; its data is frozen at its creation. Some carry a delivery, whose time is not ISO 8601."""
    delivery = {
        "object": "webhook_delivery",
        "id": event.id.replace("evnt_", "whdl_", 1),
        "uri": "https://shop.example.com/webhook",
        "status": 200 if event.delivered else 404,
        "key": event.key,
        "error": None,
        "payload": "{}",
        "created_at": stamp(event.created).replace("T", " ").replace("Z", " UTC"),
    }
    return {
        "object": "event",
        "id": event.id,
        "livemode": False,
        "location": f"/events/{event.id}",
        "webhook_deliveries": [delivery],
        "data": body(event.subject, event.created),
        "key": event.key,
        "created_at": stamp(event.created),
    }
