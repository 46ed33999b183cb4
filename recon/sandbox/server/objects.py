"""Facts as Omise's JSON objects of API version 2019-05-29 at a moment."""

from recon.sandbox.forms import Body, fill, stamp
from recon.sandbox.worlds.countries import OPENED
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

DISPUTE_REASONS = (
    ("goods_or_services_not_provided", "Merchandise/Services Not Received"),
    ("unauthorized_charge", "Unauthorized Charge"),
    ("transaction_not_recognised", "Transaction Not Recognised"),
)


def body(thing: Thing, at: int, clock: str = "") -> Body:
    """The JSON object of anything at a moment. `clock` stands as `to` in the lists inside it; default: `at`."""
    clock = clock or stamp(at)
    match thing:
        case Charge():
            return _charge(thing, at, clock)
        case Transaction():
            return _transaction(thing)
        case Event():
            return _event(thing)
        case Refund():
            return _refund(thing, at)
        case Transfer():
            return _transfer(thing, at)
        case Dispute():
            return _dispute(thing, at, clock)
        case Given():
            return thing.data


def _charge(charge: Charge, at: int, clock: str) -> Body:
    status = charge.status(at)
    location = f"/charges/{charge.id}"
    refunds = [_refund(refund, at) for refund in charge.refunds if refund.created <= at]
    dispute = charge.dispute
    is_card = charge.method.is_card
    body = fill(
        "charge",
        id=charge.id,
        location=location,
        ip=charge.ip,
        refunds=_list(f"{location}/refunds", refunds, clock),
        description=charge.description,
        metadata=charge.metadata,
        card=_card(charge) if is_card else None,
        source=None if is_card else _source(charge, at),
        dispute=_dispute(dispute, at, clock) if dispute is not None and dispute.created <= at else None,
        **_charge_money(charge, at),
        **_charge_state(charge, at, status),
        **_charge_abilities(charge, at, status),
    )
    if not charge.capture and status != "successful":  # recorded: absent on a charge that waits for its capture
        for name in ("authorization_type", "authorized_amount", "captured_amount"):
            del body[name]
    if charge.serial % 40 == 7:  # Omise adds fields without notice: a reader must not mind
        body["network_routing_hint"] = {"lane": charge.serial % 3}
    return body


def _charge_money(charge: Charge, at: int) -> Body:
    fee = charge.costs(at)
    rates = {
        "fee_flat": "0.0",
        "fee_rate": rate_text(charge.method.rate),
        "vat_rate": rate_text(charge.account.vat_rate),
    }
    return {
        "amount": charge.amount,
        "authorization_type": None if charge.capture else "pre_auth",
        "authorized_amount": charge.amount,
        "captured_amount": charge.taken(at),
        "net": charge.funding(at) - fee.total,
        "fee": fee.fee,
        "fee_vat": fee.vat,
        "interest": fee.interest,
        "interest_vat": fee.interest_vat,
        "funding_amount": charge.funding(at),
        "refunded_amount": charge.refunded(at),
        "transaction_fees": rates,
        "currency": charge.currency,
        "funding_currency": charge.account.currency,
    }


def _charge_state(charge: Charge, at: int, status: str) -> Body:
    paid = status == "successful"
    is_over = at >= charge.expires and status in ("successful", "failed", "expired")
    code, message = charge.failure if status == "failed" else (None, None)
    return {
        "status": status,
        "transaction": (charge.transaction or None) if paid else None,
        "failure_code": code,
        "failure_message": message,
        "authorize_uri": charge.authorize_uri or f"https://api.example.com/payments/{charge.id}/authorize",
        "return_uri": charge.return_uri or "https://shop.example.com/return",
        "created_at": stamp(charge.created),
        "paid_at": _stamp_by(charge.paid_at, at),
        "authorized_at": _stamp_by(charge.authorized_at, at),
        "expires_at": stamp(charge.expires),
        "expired_at": stamp(charge.expires) if is_over else None,
        "reversed_at": _stamp_by(charge.reversed_at, at) if status == "reversed" else None,
        "authorized": charge.authorized_at is not None and at >= charge.authorized_at,
        "capture": charge.capture,
        "reversed": status == "reversed",
        "voided": any(refund.voided and refund.created <= at for refund in charge.refunds),
        "paid": paid,
        "expired": is_over and not paid,
    }


def _charge_abilities(charge: Charge, at: int, status: str) -> Body:
    is_authorized = charge.authorized_at is not None and at >= charge.authorized_at
    is_held = not charge.capture and is_authorized and status == "pending"
    is_disputed = charge.dispute is not None and charge.dispute.created <= at
    left = (charge.captured or charge.amount) - charge.refunded(at)
    is_open = status == "successful" and left > 0 and not is_disputed
    paid_at = charge.paid_at or 0
    can_refund = is_open and charge.method.refund != "none" and at < paid_at + REFUND_WINDOW_S
    return {
        "capturable": is_held,
        "reversible": is_held,
        "disputable": is_open and charge.method.is_card,
        "refundable": can_refund,
        "partially_refundable": can_refund and charge.method.refund == "partial",
        "can_perform_void": can_refund and charge.method.is_card and at < paid_at + VOID_WINDOW_S,
    }


def _list(location: str, data: list[Body], clock: str) -> Body:
    return fill("list", data=data, total=len(data), location=location, to=clock)


def _card(charge: Charge) -> Body:
    return fill(
        "card",
        id=charge.id.replace("chrg_", "card_", 1),
        country=charge.account.region.lower(),
        brand=charge.method.brand,
        last_digits=f"{charge.serial % 10_000:04d}",
        name=charge.holder,
        expiration_month=1 + charge.serial % 12,
        created_at=stamp(charge.created),
    )


def _source(charge: Charge, at: int) -> Body:
    if charge.source:
        return charge.source | {"charge_status": charge.status(at)}
    id = charge.id.replace("chrg_", "src_", 1)
    return fill(
        "source",
        id=id,
        location=f"/sources/{id}",
        amount=charge.amount,
        created_at=stamp(charge.created),
        currency=charge.currency,
        email=charge.metadata.get("customer_email"),
        flow=charge.method.flow,
        ip=charge.ip,
        name=charge.holder,
        phone_number=f"+00 555 {charge.serial % 10_000:04d}",
        type=charge.method.name,
        charge_status=charge.status(at),
    )


def _refund(refund: Refund, at: int) -> Body:
    return fill(
        "refund",
        id=refund.id,
        location=f"/charges/{refund.charge.id}/refunds/{refund.id}",
        voided=refund.voided,
        currency=refund.charge.currency,
        amount=refund.amount,
        charge=refund.charge.id,
        transaction=refund.transaction or None,
        status=refund.status(at),
        funding_amount=refund.funding,
        funding_currency=refund.charge.account.currency,
        created_at=stamp(refund.created),
    )


def _transaction(transaction: Transaction) -> Body:
    return fill(
        "transaction",
        id=transaction.id,
        currency=transaction.account.currency,
        amount=transaction.amount,
        location=f"/transactions/{transaction.id}",
        direction=transaction.direction,
        key=transaction.key,
        origin=transaction.origin,
        transferable_at=stamp(transaction.transferable),
        created_at=stamp(transaction.created),
    )


def _dispute(dispute: Dispute, at: int, clock: str) -> Body:
    """Its transactions stand newest first."""
    status = dispute.status(at)
    location = f"/disputes/{dispute.id}"
    code, message = DISPUTE_REASONS[dispute.amount % len(DISPUTE_REASONS)]
    return fill(
        "dispute",
        id=dispute.id,
        location=location,
        currency=dispute.charge.currency,
        amount=dispute.amount,
        funding_amount=dispute.funding,
        funding_currency=dispute.charge.account.currency,
        charge=dispute.charge.id,
        documents=_list(f"{location}/documents", [], clock),
        transactions=[_transaction(moved) for moved in reversed(dispute.transactions) if moved.created <= at],
        reason_code=code,
        reason_message=message,
        status=status,
        message=dispute.message if status != "open" else None,
        closed_at=stamp(dispute.steps[-1][0]) if status in ("won", "lost") else None,
        created_at=stamp(dispute.created),
    )


def _transfer(transfer: Transfer, at: int) -> Body:
    """With the full account number, as Omise gives it."""
    account = transfer.account
    is_sent = at >= transfer.sent_at
    is_paid = at >= transfer.paid_at
    return fill(
        "transfer",
        id=transfer.id,
        location=f"/transfers/{transfer.id}",
        paid=is_paid,
        sent=is_sent,
        currency=account.currency,
        amount=transfer.amount,
        fee=account.transfer_fee,
        recipient=f"recp_test_sandbox{account.name}",
        bank_account=fill("bank_account", created_at=stamp(OPENED), brand=f"Test Bank {account.region}"),
        failure_code=transfer.failure or None,
        paid_at=stamp(transfer.paid_at) if is_paid else None,
        sent_at=stamp(transfer.sent_at) if is_sent else None,
        created_at=stamp(transfer.created),
        transactions=[_transaction(transfer.transaction)] if is_sent and transfer.transaction else [],
        fee_vat=account.transfer_fee_vat,
        net=transfer.net,
        total_fee=account.transfer_fee + account.transfer_fee_vat,
    )


def _event(event: Event) -> Body:
    """Its data is frozen at its creation. A delivery's time is not ISO 8601."""
    delivery = fill(
        "webhook_delivery",
        id=event.id.replace("evnt_", "whdl_", 1),
        status=200 if event.delivered else 404,
        key=event.key,
        created_at=stamp(event.created).replace("T", " ").replace("Z", " UTC"),
    )
    return fill(
        "event",
        id=event.id,
        location=f"/events/{event.id}",
        webhook_deliveries=[] if event.delivered is None else [delivery],
        data=body(event.subject, event.created),
        key=event.key,
        created_at=stamp(event.created),
    )


def _stamp_by(at: int | None, now: int) -> str | None:
    """A moment that has come by now."""
    return None if at is None or at > now else stamp(at)
