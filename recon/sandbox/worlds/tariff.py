"""Payment methods of each country with fee, hold, expiry and refund rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from recon.money import Currencies
from recon.sandbox.worlds.countries import RATES, Account

MINUTE = 60
HOUR = 3_600
DAY = 86_400
_CURRENCIES = Currencies()


@dataclass(frozen=True, slots=True)
class Method:
    """A way to pay. `rate` and `interest` in hundredths of a percent; `low` to `high` are usual amounts, minor
    units; `pay_s` is how many seconds a payer takes at most.

    Rates, holds and expiries follow facts where Omise's pages or recordings give them (cards TH 3.65 %, promptpay
    1.65 %, holds 7/1/5/21 days, kakaopay 10 minutes, cards 7 days and JP 30); the others are plausible only.
    """

    name: str
    weight: int
    rate: int
    hold_days: int
    expires_s: int
    low: int
    high: int
    refund: str = "partial"  # none, full, partial
    flow: str = "redirect"
    pay_s: int = 90
    brand: str = ""  # of a card
    interest: int = 0

    @property
    def is_card(self) -> bool:
        """A card charge has `card`, any other a `source`."""
        return self.name == "card"


def _cards(
    rate: int, hold: int, auth_days: int, low: int, high: int, *, visa: int, master: int
) -> tuple[Method, ...]:
    return (
        Method("card", visa, rate, hold, auth_days * DAY, low, high, brand="Visa"),
        Method("card", master, rate, hold, auth_days * DAY, low, high, brand="MasterCard"),
        Method("card", 5, rate, hold, auth_days * DAY, low, high, brand="JCB"),
    )


METHODS: Mapping[str, tuple[Method, ...]] = MappingProxyType(
    {
        "TH": (
            *_cards(365, 7, 7, 9_000, 900_000, visa=24, master=16),
            Method("promptpay", 22, 165, 7, DAY, 5_000, 500_000, "none", "offline", 20 * MINUTE),
            Method("truemoney", 8, 190, 7, DAY, 5_000, 300_000, "full"),
            Method("kakaopay", 8, 220, 7, 10 * MINUTE, 20_000, 400_000, "partial", "app_redirect"),
            Method("mobile_banking_kbank", 6, 165, 7, DAY, 9_000, 600_000, "none", "app_redirect"),
            Method("mobile_banking_scb", 4, 165, 7, DAY, 9_000, 600_000, "none", "app_redirect"),
            Method("rabbit_linepay", 3, 220, 7, DAY, 5_000, 300_000),
            Method("installment_kbank", 2, 365, 7, DAY, 400_000, 5_000_000, "full", interest=480),
            Method("installment_ktc", 2, 365, 7, DAY, 400_000, 5_000_000, "full"),
        ),
        "SG": (
            *_cards(340, 1, 7, 500, 80_000, visa=30, master=20),
            Method("paynow", 20, 100, 1, DAY, 500, 80_000, "partial", "offline", 10 * MINUTE),
            Method("grabpay", 12, 250, 1, DAY, 500, 60_000),
            Method("kakaopay", 9, 250, 5, 10 * MINUTE, 1_000, 50_000, "partial", "app_redirect"),
            Method("alipay_hk", 4, 250, 5, 10 * MINUTE, 1_000, 50_000, "partial", "app_redirect"),
        ),
        "JP": (
            *_cards(365, 21, 30, 800, 60_000, visa=32, master=18),
            Method("econtext", 18, 330, 21, 7 * DAY, 500, 40_000, "none", "offline", 20 * HOUR),
            Method("paypay", 27, 300, 21, 30 * MINUTE, 500, 40_000),
        ),
        "MY": (
            *_cards(290, 7, 7, 1_500, 120_000, visa=22, master=14),
            Method("fpx", 30, 180, 7, 30 * MINUTE, 1_000, 120_000),
            Method("grabpay", 14, 190, 7, DAY, 1_000, 90_000),
            Method("touch_n_go", 8, 190, 7, 10 * MINUTE, 1_000, 90_000, "partial", "app_redirect"),
            Method("duitnow_qr", 7, 150, 7, DAY, 1_000, 90_000),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Fee:
    """What a charge costs, minor units of the funding currency."""

    fee: int
    vat: int
    interest: int
    interest_vat: int

    @property
    def total(self) -> int:
        """Everything that `net` lacks."""
        return self.fee + self.vat + self.interest + self.interest_vat


def half_up(numerator: int, denominator: int) -> int:
    """The quotient of two non-negative integers, a half going up, as Omise rounds (5,000 at 3.65 % is 183)."""
    return (2 * numerator + denominator) // (2 * denominator)


def fee_of(base: int, method: Method, account: Account) -> Fee:
    """Fee, VAT on the rounded fee, interest and its VAT for a captured base in funding minor units."""
    fee = half_up(base * method.rate, 10_000)
    interest = half_up(base * method.interest, 10_000)
    vat = account.vat_rate
    return Fee(fee, half_up(fee * vat, 10_000), interest, half_up(interest * vat, 10_000))


def convert(amount: int, currency: str, funding: str) -> int:
    """Minor units of `currency` in minor units of `funding`, at the world's fixed rates."""
    if currency == funding:
        return amount
    up = RATES[currency] * 10 ** _CURRENCIES.exponent(funding)
    down = RATES[funding] * 10 ** _CURRENCIES.exponent(currency)
    return half_up(amount * up, down)


@cache
def rate_text(rate: int) -> str:
    """A rate as Omise writes it: "3.65", "7.0", "0.0"."""
    whole, part = divmod(rate, 100)
    return f"{whole}.{part:02d}".removesuffix("0")
