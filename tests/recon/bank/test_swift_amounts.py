"""Amounts and dates of MT940 statements against a plain reading: read exactly, or the statement is kept aside."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as some

from recon import columns as c
from recon.bank.source import LoadedBank
from recon.bounds import LARGEST_AMOUNT
from tests.kit.bank_files import load, reasons

GROUPS = some.lists(some.text("0123456789", min_size=1, max_size=4), min_size=1, max_size=4)
TEXTS = some.one_of(
    some.text("0123456789.,", min_size=1, max_size=12),
    some.builds(
        lambda mark, groups, decimal, part: mark.join(groups) + decimal + part,
        some.sampled_from(["", ".", ",", "'", " "]),
        GROUPS,
        some.sampled_from(["", ".", ","]),
        some.text("0123456789", max_size=4),
    ),
)


def plain(text: str) -> int | None:
    """Satang of an amount that a person reads in one way only, by eye."""
    marks = [letter for letter in text if not letter.isdecimal()]
    if set(marks) - {".", ","} or not any(map(str.isdecimal, text)):
        return None
    if not marks:
        return 0 if not text.strip("0") else None  # a comma must be there
    whole, decimals = text.replace(",", ".").rsplit(".", 1)
    groups = whole.split(".")
    if len(marks) > 1:
        if len(set(marks[:-1])) > 1 or marks[0] == marks[-1] or groups[0][:1] in ("", "0") or len(groups[0]) > 3:
            return None
        if any(len(group) != 3 for group in groups[1:]):
            return None
    if len(decimals) > 2 and (len(decimals) == 3 or decimals[2:].strip("0")):
        return None
    baht = int("".join(groups) or "0")
    satang = baht * 100 + int(decimals[:2].ljust(2, "0"))
    return satang if len(f"{baht},{decimals[:2]}") <= 15 else None  # SWIFT's longest


def statement(amount: str, balance: str, other: str = "0,00", tag: str = ":61:2609140914C") -> str:
    return (
        f":20:S\n:25:123\n:28C:1/1\n:60F:C260914THB{other}\n{tag}{amount}NTRFNONREF\n:86:OMISE PAYOUT\n"
        f":62F:C260914THB{balance}\n"
    )


def read(text: str) -> LoadedBank:
    with TemporaryDirectory() as folder:
        return load(Path(folder), "mt940", {"a.sta": text})


def only_amount(loaded: LoadedBank) -> int | None:
    """Of the one line; none where the statement is kept aside."""
    assert len(loaded.lines) + len(loaded.rejected) == 1
    return int(loaded.lines[c.AMOUNT].iloc[0]) if len(loaded.lines) else None


@given(TEXTS)
@example("960.94")
@example("12,960.94")
@example("12.960,94")
@example("1.250")
@example("960")
@example("1,250")
@example("960,9400")
@example("12 960,94")
@example("1234567890123,45")
@example("90000000000,00")
@example("90000000000,01")
def test_an_amount_is_read_whole_or_its_statement_kept_aside(text: str) -> None:
    """The balances are written as the amount: a proof over what is cut alike proves nothing."""
    satang = plain(text)
    assert only_amount(read(statement(text, text))) == (satang if (satang or 0) <= LARGEST_AMOUNT else None)


@given(TEXTS, some.sampled_from([":60F:", ":62F:", ":64:"]))
@example("12,960.94", ":62F:")
@example("960.94", ":60F:")
@example("1.250", ":64:")
def test_a_balance_is_read_whole_or_its_statement_kept_aside(text: str, tag: str) -> None:
    satang = plain(text)
    assume(satang is None or satang <= LARGEST_AMOUNT)
    whole = f"{satang // 100},{satang % 100:02d}" if satang is not None else "1,00"
    opening, closing, available = "0,00", whole, "5,00"
    line = whole
    if tag == ":60F:":
        opening, line = text, "0,00"
    elif tag == ":62F:":
        closing = text
    else:
        available = text
    loaded = read(statement(line, closing, opening) + f":64:C260914THB{available}\n")
    if satang is None:
        assert len(loaded.rejected) == 1
    else:
        assert (reasons(loaded), loaded.proved) == ([], 1)


@pytest.mark.parametrize(
    ("day", "words"),
    [("2602300230", "260230"), ("2602290228", "260229"), ("2602280230", "0230"), ("2600100910", "260010")],
)
def test_a_day_that_does_not_exist_is_refused_and_not_made_another(day: str, words: str) -> None:
    loaded = read(statement("5,00", "5,00", tag=f":61:{day}C"))
    assert f'date "{words}" does not exist' in reasons(loaded)[0]
    balance = statement("5,00", "5,00").replace(":62F:C260914", ":62F:C260230")
    assert 'date "260230" does not exist' in reasons(read(balance))[0]


def test_yen_have_no_decimals_and_may_say_so() -> None:
    def yen(text: str) -> int | None:
        return only_amount(read(statement(text, text, other="0,").replace("THB", "JPY")))

    assert [yen(text) for text in ("500,", "500", "500,00", "500,5", "1,500", "1.500,00")] == [
        500,
        500,
        500,
        None,
        None,
        1500,
    ]
