"""An account's own answers (account, balance, capability) and Omise's error body."""

from recon.sandbox.forms import Body, fill, stamp
from recon.sandbox.worlds.countries import OPENED, PRESENTMENT, Account
from recon.sandbox.worlds.files import major
from recon.sandbox.worlds.payouts import Ledger
from recon.sandbox.worlds.tariff import METHODS

VERSION = "2019-05-29"
_TRANSFER_MAX = 10**11


class ApiError(ValueError):
    """A request that Omise refuses, with its word for why (docs.omise.co/api-errors)."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def error_body(code: str, message: str) -> dict[str, str]:
    """The body that 4xx answers promise."""
    return {
        "object": "error",
        "location": f"https://www.omise.co/api-errors#{code.replace('_', '-')}",
        "code": code,
        "message": message,
    }


def account_body(account: Account) -> Body:
    """What `/account` says."""
    own = account.currency
    limit = major(_TRANSFER_MAX, own)
    transfer_config = fill(
        "transfer_config",
        min_transfer_amount=major(account.transfer_min, own),
        max_transfer_amount=limit,
        same_bank_max_transfer_amount=limit,
        fee=major(account.transfer_fee + account.transfer_fee_vat, own),
    )
    return fill(
        "account",
        id=f"account_test_sandbox{account.name}",
        team=f"acct_sandbox{account.name}",
        country=account.region,
        currency=own,
        created_at=stamp(OPENED),
        supported_currencies=[own, *(currency for currency in PRESENTMENT if currency != own)],
        transfer_config=transfer_config,
    )


def balance_body(account: Account, ledger: Ledger, now: int, error: int = 0) -> Body:
    """What `/balance` says: total = transferable + on hold; no reserve. `error` is what it says too much."""
    total = ledger.total(now) + error
    free = ledger.transferable(now) + error
    return fill(
        "balance",
        currency=account.currency,
        total=total,
        transferable=free,
        on_hold=total - free,
        created_at=stamp(OPENED),
    )


def capability_body(account: Account) -> Body:
    """What `/capability` says of limits and methods."""
    methods: dict[str, Body] = {}
    for method in METHODS[account.region]:
        if method.name not in methods:
            methods[method.name] = fill(
                "payment_method",
                name=method.name,
                currencies=list(PRESENTMENT) if method.is_card else [account.currency],
                card_brands=[] if method.is_card else None,
                installment_terms=[3, 6, 10] if method.name.startswith("installment") else None,
            )
        if method.is_card:
            methods[method.name]["card_brands"].append(method.brand)
    limits = {
        "charge_amount": {"max": account.charge_max, "min": account.charge_min},
        "transfer_amount": {"max": _TRANSFER_MAX, "min": account.transfer_min},
        "installment_amount": {"min": 200_000},
    }
    return fill("capability", limits=limits, payment_methods=list(methods.values()), country=account.region)
