"""Money: exact in and out, exponents as ISO has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from recon.bounds import LARGEST_AMOUNT
from recon.money import EXPONENTS, BadAmount, Currencies, Tolerance, UnknownCurrency

ALL = Currencies()


@pytest.mark.parametrize("code", sorted(EXPONENTS))
def test_exponents_are_those_of_iso_4217(code: str) -> None:
    assert EXPONENTS[code] == Currency(code).exponent


@pytest.mark.parametrize(
    ("text", "currency", "units"),
    [
        ("1,234.50", "THB", 123_450),
        ("0.01", "SGD", 1),
        ("1234", "JPY", 1234),
        ("1,234", "JPY", 1234),
        ("10.00", "JPY", 10),
        ("-5.5", "MYR", -550),
        (" 7 ", "THB", 700),
        ("+1", "THB", 100),
        ("1.5000", "THB", 150),
        ("89,999,999,999.99", "THB", 8_999_999_999_999),
        ("10000", "KRW", 10_000),
    ],
)
def test_major_units_are_read_exactly(text: str, currency: str, units: int) -> None:
    assert ALL.parse_major(text, currency) == units


@pytest.mark.parametrize(
    "text",
    [
        "",
        "90,000,000,000.01",
        "-90000000000.01",
        "9" * 5000,
        "1.234,50",
        "12,34",
        "1e3",
        "0x10",
        "NaN",
        "1.005",
        "฿10",
        "(10)",
        "1 000",
        "๑๒",
        "--1",
        ".",
        "12,3x",
    ],
)
def test_what_is_no_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(BadAmount):
        ALL.parse_major(text, "THB")


def test_an_unknown_currency_is_refused_but_can_be_shown() -> None:
    with pytest.raises(UnknownCurrency):
        ALL.parse_major("1", "XXX")
    assert ALL.show(1234, "XXX") == "1,234 (minor units)"


def test_the_configuration_overrides_an_exponent() -> None:
    assert Currencies({"KRW": 2}).parse_major("100", "KRW") == 10_000


@given(st.integers(-LARGEST_AMOUNT, LARGEST_AMOUNT), st.sampled_from(sorted(EXPONENTS)))
def test_what_is_shown_is_read_back_as_the_same(units: int, currency: str) -> None:
    assert ALL.parse_major(ALL.show(units, currency), currency) == units


@pytest.mark.parametrize(
    ("tolerance", "actual", "allowed"),
    [
        (Tolerance(), 10_000, True),
        (Tolerance(), 10_001, False),
        (Tolerance({"THB": 50}), 10_050, True),
        (Tolerance({"THB": 50}), 9_949, False),
        (Tolerance({"JPY": 50}), 10_001, False),
        (Tolerance(relative_ppm={"THB": 1_000}), 10_010, True),
        (Tolerance(relative_ppm={"THB": 1_000}), 10_011, False),
    ],
)
def test_a_tolerance_ends_where_it_says(tolerance: Tolerance, actual: int, allowed: bool) -> None:
    assert tolerance.allows(10_000, actual, "THB") is allowed
