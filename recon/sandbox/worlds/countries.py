"""The four countries' accounts of a world: key, currency, zone, limits, transfer fee."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from zoneinfo import ZoneInfo

OPENED = 1_577_836_800  # 2020-01-01T00:00:00Z, when every account of a world was opened


@dataclass(frozen=True, slots=True)
class Account:
    """One Omise account. Amounts are minor units of `currency`; rates are hundredths of a percent.

    Charge limits: docs.omise.co/currency-and-amount. Transfer fees: TH 28.04 + 1.96 VAT, JP 260, SG none
    (how-much-does-omise-cost); MY was not found and is taken as none. VAT on fees: TH 7 %, elsewhere none seen.
    """

    name: str
    region: str
    currency: str
    zone: ZoneInfo
    charge_min: int
    charge_max: int
    transfer_min: int
    transfer_fee: int
    transfer_fee_vat: int
    vat_rate: int

    @property
    def key(self) -> str:
        """The secret key that opens this account at the sandbox."""
        return f"skey_test_sandbox_{self.name}"

    @property
    def webhook_secret(self) -> str:
        """What the sandbox signs this account's webhooks with, in base64 as Omise shows it."""
        return b64encode(f"webhooks of the sandbox: {self.name}".encode()).decode()


ACCOUNTS: Mapping[str, Account] = MappingProxyType(
    {
        a.name: a
        for a in (
            Account("th", "TH", "THB", ZoneInfo("Asia/Bangkok"), 2_000, 15_000_000, 3_000, 2_804, 196, 700),
            Account("sg", "SG", "SGD", ZoneInfo("Asia/Singapore"), 100, 2_000_000, 100, 0, 0, 0),
            Account("jp", "JP", "JPY", ZoneInfo("Asia/Tokyo"), 100, 6_000_000, 260, 260, 0, 0),
            Account("my", "MY", "MYR", ZoneInfo("Asia/Kuala_Lumpur"), 100, 10_000_000, 100, 0, 0, 0),
        )
    }
)

SHARES: Mapping[str, int] = MappingProxyType({"th": 40, "sg": 25, "jp": 20, "my": 15})  # of a world's orders

# What cards may be charged in besides the account's own currency (docs.omise.co/en/multi-currency).
PRESENTMENT = ("THB", "JPY", "USD", "EUR", "GBP", "SGD", "AUD", "CHF", "CNY", "DKK", "HKD", "MYR")

# Thousandths of a baht for one whole unit; any fixed rates do, Omise keeps none on the charge.
RATES: Mapping[str, int] = MappingProxyType(
    {"THB": 1_000, "SGD": 26_400, "JPY": 230, "MYR": 7_900, "USD": 33_500, "KRW": 24}
)
