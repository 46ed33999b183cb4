"""Columns of amounts against a plain reading of one text after another, by rules written down a second time."""

import re
from decimal import Decimal
from typing import Literal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from recon.bounds import LARGEST_AMOUNT
from recon.money import Currencies
from recon.tabular.amounts import Marks, amounts

CURRENCIES = Currencies({"BHD": 3, "XBT": 8, "WEI": 18})
POINT, COMMA, BLANK = Marks(), Marks.of("", ",", None), Marks.of("", ",", " ")
DIGITS = some.text("0123456789", min_size=1, max_size=7)
PIECES = some.lists(
    some.one_of(DIGITS, some.sampled_from([".", ",", " ", "\u00a0", "-", "+", "000", "00"])), max_size=7
)
WORDS = some.text(max_size=6).filter(lambda text: not any(map(str.isnumeric, text)))  # marks have tests of their own
TEXTS = some.one_of(PIECES.map("".join), WORDS)
BLANK_MARK = "[ \u00a0\u2009\u202f]"
ODD = ["1,234.50", "-0.00", "1.0000", "0.005", "\u0661", "1\n", "9223372036854775808", "92233720368547758.08"]
ODD += ["90000000000.00", "90000000000.01"]  # the largest amount and one more


def plain_number(text: str, marks: Marks) -> tuple[int, str, str] | None:
    """Sign, digits before the decimal mark, digits after it, as a person takes a number apart."""
    found = re.fullmatch(rf"(\(?)(?:([+-]){BLANK_MARK}*)?(.*?)(?:{BLANK_MARK}?([+-]))?(\)?)", text)
    signs = [found[2], found[4], "-" if found[1] else None] if found else []
    given = [sign for sign in signs if sign]
    if found is None or len(given) > 1 or bool(found[1]) != bool(found[5]):
        return None
    sign = -1 if given == ["-"] else 1
    whole, _, decimals = found[3].partition(marks.decimal)
    blanks = (" ", "\u00a0", "\u2009", "\u202f") if marks.thousands == " " else (marks.thousands,)
    groups = whole.translate({ord(blank): "|" for blank in blanks}).split("|")
    digits = "".join(groups)
    if not (digits + decimals).isascii() or not digits.isdecimal() or (decimals and not decimals.isdecimal()):
        return None
    if len(groups) > 1 and (not 1 <= len(groups[0]) <= 3 or groups[0][0] == "0"):
        return None
    return (sign, digits, decimals) if all(len(group) == 3 for group in groups[1:]) else None


def plain_column(texts: list[str], marks: Marks, exponent: int) -> list[int | None]:
    """Minor units, or none where a text is refused."""
    numbers = [plain_number(text, marks) for text in texts]
    told = [(text, number) for text, number in zip(texts, numbers, strict=True) if number and text != "0"]
    lengths = {len(decimals) for _, (_, _, decimals) in told}
    zeros_allowed = len(lengths) == 1
    if lengths == {3} and not marks.is_settled:
        bare = [text.strip("+- \u00a0\u2009\u202f()").partition(marks.decimal)[0] for text, _ in told]
        zeros_allowed = any(len(whole) > 3 or whole[0] == "0" for whole in bare)
    units: list[int | None] = []
    for text, number in zip(texts, numbers, strict=True):
        value = 0 if text == "" else None
        if number:
            sign, whole, decimals = number
            spare = decimals[exponent:]
            exact = int(whole + decimals[:exponent].ljust(exponent, "0"))
            if not spare or (zeros_allowed and not spare.strip("0")):
                value = sign * exact if exact <= LARGEST_AMOUNT else None
        units.append(value)
    return units


def read(
    texts: list[str], currency: str, marks: Marks = POINT, unit: Literal["major", "minor"] = "major"
) -> list[int | None]:
    codes = pa.array([currency] * len(texts), pa.string())
    values, refused = amounts(pa.array(texts, pa.string()), codes, unit, CURRENCIES, marks)
    assert all(values[at] == 0 for at in refused)
    return [None if at in refused else value for at, value in enumerate(values.tolist())]


@given(
    some.lists(TEXTS, max_size=12),
    some.sampled_from(["THB", "JPY", "BHD", "XBT", "WEI"]),
    some.sampled_from([POINT, COMMA, BLANK]),
)
@example(ODD, "THB", POINT)
@example(["1.250", "12.50"], "THB", POINT)
@example(["1.250", "800.000"], "THB", POINT)
@example(["1.000", "12.000"], "JPY", POINT)
def test_a_column_reads_as_a_person_reads_it(texts: list[str], currency: str, marks: Marks) -> None:
    assert read(texts, currency, marks) == plain_column(texts, marks, CURRENCIES.exponent(currency))
    assert read(texts, currency, marks, "minor") == plain_column(texts, marks, 0)


@given(
    some.lists(some.decimals(0, 10**7, places=2), min_size=1, max_size=12), some.sampled_from([POINT, COMMA, BLANK])
)
def test_what_is_written_with_the_marks_is_read_with_them(values: list[Decimal], marks: Marks) -> None:
    texts = [f"{value:,.2f}".translate({ord(","): marks.thousands, ord("."): marks.decimal}) for value in values]
    assert read(texts, "THB", marks) == [int(value * 100) for value in values]


@pytest.mark.parametrize(
    ("texts", "units"),
    [
        (["1.250", "12.50"], [None, 1250]),  # it was 1.25 once
        (["1.250", "800.000"], [None, None]),  # thousands, or three decimals
        (["1.250", "1800.000"], [125, 180_000]),  # four digits in one piece: no thousands
        (["310.0000", "0.5000", "0"], [31_000, 50, 0]),
        (["310.0000", "0.50"], [None, 50]),
        (["310.0001", "0.5000"], [None, 50]),
        (["12,50", "1,23.00", "0,250", "1.250.000", "1,250,000.5"], [None, None, None, None, 125_000_050]),
    ],
)
def test_what_could_mean_two_amounts_is_refused(texts: list[str], units: list[int | None]) -> None:
    assert read(texts, "THB") == units


def test_the_keys_say_what_is_meant() -> None:
    assert read(["1.250", "800.000"], "THB", Marks.of("", None, ".")) == [125_000, 80_000_000]
    assert read(["1.250", "800.000"], "THB", Marks.of("", ".", None)) == [125, 80_000]
    assert read(["1.250", "12.50"], "THB", Marks.of("", ".", None)) == [None, 1250]
    assert read(["1.250,50", "12,5"], "THB", Marks.of("", ",", None)) == [125_050, 1_250]
    assert read(["1 250,50", "1\u202f250,50"], "THB", BLANK) == [125_050, 125_050]
    assert read(["1'250.50"], "THB", Marks.of("", None, "'")) == [125_050]
    assert read(["1,250.50", "1250.50"], "THB", Marks.of("", None, "")) == [None, 125_050]


def test_words_name_the_keys_to_set() -> None:
    marks = Marks.of("orders.shop", None, None)
    _, refused = amounts(pa.array(["12,50", "abc"]), pa.array(["THB", "THB"]), "major", CURRENCIES, marks)
    assert refused[0].endswith("set decimal and thousands of [orders.shop]")
    assert refused[1] == 'amount "abc" is not a number like 1234.50 or 1,234.50'
    _, refused = amounts(pa.array(["1.250"]), pa.array(["THB"]), "major", CURRENCIES, marks)
    assert refused[0] == (
        'amount "1.250" could be thousands as well as decimals: set decimal = "." or thousands = "." in [orders.shop]'
    )


def test_numbers_that_were_typed_are_not_in_question() -> None:
    texts, codes = pa.array(["1.250", "12.50", "1.250", "1.255"]), pa.array(["THB"] * 4)
    typed = np.array([True, True, False, True])
    values, refused = amounts(texts, codes, "major", CURRENCIES, COMMA, typed)
    assert values.tolist() == [125, 1250, 125_000, 0]
    assert list(refused) == [3]


def test_currencies_stand_beside_each_other() -> None:
    texts = pa.array(["1000.00", "12.50", "5.00", "x", ""])
    values, refused = amounts(texts, pa.array(["JPY", "THB", None, None, "THB"]), "major", CURRENCIES)
    assert (values.tolist(), refused) == ([1000, 1250, 0, 0, 0], {})


def test_an_endless_text_is_refused_and_not_computed() -> None:
    _, refused = amounts(pa.array(["9" * 5000, "x" * 5000]), pa.array(["THB"] * 2), "major", CURRENCIES)
    assert all("too long" in reason for reason in refused.values())
    assert len(refused) == 2
