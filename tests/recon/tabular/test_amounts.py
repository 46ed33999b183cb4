"""Columns of amounts read exactly as recon.money reads one."""

from typing import Literal

import pyarrow as pa  # type: ignore[import-untyped]
from hypothesis import example, given, settings
from hypothesis import strategies as some

from recon.money import BadAmount, Currencies
from recon.tabular.amounts import amounts

CURRENCIES = Currencies({"BHD": 3, "XBT": 8, "WEI": 18})
NUMBERS = some.from_regex(r"[+-]?[0-9]{1,22}(,[0-9]{3}){0,7}(\.[0-9]{0,9})?", fullmatch=True)
TEXTS = some.one_of(NUMBERS, NUMBERS.map(lambda text: f" {text}0 "), some.text(max_size=12))


def one_by_one(texts: list[str], currency: str, unit: str) -> tuple[list[int], dict[int, str]]:
    parse = CURRENCIES.parse_major if unit == "major" else CURRENCIES.parse_minor
    values, refused = [0] * len(texts), {}
    for at, text in enumerate(texts):
        try:
            found = parse(text, currency)
        except BadAmount as error:
            refused[at] = str(error)
            continue
        if abs(found) < 2**63:
            values[at] = found
        else:
            refused[at] = f'amount "{text}" is too large'
    return values, refused


@settings(deadline=None)
@given(
    some.lists(TEXTS, max_size=20),
    some.sampled_from(["THB", "JPY", "BHD", "XBT", "WEI"]),
    some.sampled_from(["major", "minor"]),
)
@example(
    ["1,234.50", "-0.00", "1.0000", "0.005", "١", "1\n", "9223372036854775808", "92233720368547758.08"],
    "THB",
    "major",
)
def test_a_column_reads_as_its_rows_do(texts: list[str], currency: str, unit: Literal["major", "minor"]) -> None:
    values, refused = amounts(pa.array(texts, pa.string()), currency, unit, CURRENCIES)
    assert (values.tolist(), refused) == one_by_one(texts, currency, unit)


def test_an_endless_text_is_refused_and_not_computed() -> None:
    _, refused = amounts(pa.array(["9" * 5000], pa.string()), "THB", "major", CURRENCIES)
    assert "too long" in refused[0]
