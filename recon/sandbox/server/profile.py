"""An account's own answers (account, balance, capability) and Omise's error body."""

from typing import Any

from recon.sandbox.server.answers import stamp
from recon.sandbox.worlds.countries import OPENED, PRESENTMENT, Account
from recon.sandbox.worlds.files import major
from recon.sandbox.worlds.payouts import Ledger
from recon.sandbox.worlds.tariff import METHODS

VERSION = "2019-05-29"


def error_body(code: str, message: str) -> dict[str, str]:
    """The body that 4xx answers promise."""
    return {
        "object": "error",
        "location": f"https://www.omise.co/api-errors#{code.replace('_', '-')}",
        "code": code,
        "message": message,
    }


def account_body(account: Account) -> dict[str, Any]:
    """What `/account` says."""
    own = account.currency
    limit = major(10**11, own)
    return {
        "object": "account",
        "id": f"account_test_sandbox{account.name}",
        "team": f"acct_sandbox{account.name}",
        "livemode": False,
        "location": "/account",
        "country": account.region,
        "currency": own,
        "email": "developer@example.com",
        "created_at": stamp(OPENED),
        "supported_currencies": [own, *(c for c in PRESENTMENT if c != own)],
        "api_version": VERSION,
        "auto_activate_recipients": False,
        "chain_enabled": False,
        "zero_interest_installments": False,
        "chain_return_uri": None,
        "webhook_uri": None,
        "metadata_export_keys": {"charge": [], "transfer": [], "refund": [], "dispute": []},
        "chaining_allowed": True,
        "last_updated_api_version": "2025-01-13",
        "transfer_config": {
            "min_transfer_amount": major(account.transfer_min, own),
            "max_transfer_amount": limit,
            "same_bank_max_transfer_amount": limit,
            "is_payout_enabled": False,
            "fee": major(account.transfer_fee + account.transfer_fee_vat, own),
            "provider": "",
            "merchant_id": "SANDBOX",
            "transfer_service_availability": None,
            "max_active_realtime_transfer_schedules": None,
        },
    }


def balance_body(account: Account, ledger: Ledger, now: int, off: int = 0) -> dict[str, Any]:
    """What `/balance` says: total = transferable + on hold; no reserve. `off` is what it says too much."""
    total, free = ledger.total(now) + off, ledger.transferable(now) + off
    return {
        "object": "balance",
        "livemode": False,
        "location": "/balance",
        "currency": account.currency,
        "total": total,
        "transferable": free,
        "reserve": 0,
        "on_hold": total - free,
        "created_at": stamp(OPENED),
    }


def capability_body(account: Account) -> dict[str, Any]:
    """What `/capability` says of limits and methods."""
    methods: dict[str, dict[str, Any]] = {}
    for method in METHODS[account.region]:
        card = method.is_card
        entry = methods.setdefault(
            method.name,
            {
                "object": "payment_method",
                "name": method.name,
                "currencies": list(PRESENTMENT) if card else [account.currency],
                "card_brands": [] if card else None,
                "installment_terms": [3, 6, 10] if method.name.startswith("installment") else None,
                "loan_installment_terms": None,
                "banks": [],
                "provider": None,
            },
        )
        if card:
            entry["card_brands"].append(method.brand)
    return {
        "object": "capability",
        "location": "/capability",
        "banks": ["test"],
        "limits": {
            "charge_amount": {"max": account.charge_max, "min": account.charge_min},
            "transfer_amount": {"max": 10**11, "min": account.transfer_min},
            "installment_amount": {"min": 200_000},
        },
        "payment_methods": list(methods.values()),
        "tokenization_methods": [],
        "zero_interest_installments": False,
        "country": account.region,
    }
