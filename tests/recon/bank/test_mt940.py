"""Bank lines from MT940: what is read, what adds up and what does not."""

import logging
import sys
from datetime import date
from pathlib import Path

import pytest

from recon import columns as c
from tests.kit.bank_files import Entry, load, mt940_text, reasons, rows

DAY = date(2026, 11, 20)
PAYOUT = Entry(DAY, 50_000)


def test_a_statement_that_adds_up_is_read(tmp_path: Path) -> None:
    text = (
        "{1:F01XXXX}{4:\n"
        + mt940_text([PAYOUT, Entry(DAY, -100, "FEE OMISE", "F1")], opening=1_000)
        + "-}{5:{CHK:0}}\n"
    )
    found = load(tmp_path, "mt940", {"a.sta": text.replace("\n", "\r\n")})
    assert (reasons(found), found.unreadable, found.gaps) == ([], (), ())
    assert rows(found) == [
        ("2026-11-20", 50_000, "THB", "OMISE PAYOUT", "TH2611200001"),
        ("2026-11-20", -100, "THB", "FEE OMISE", "F1"),
    ]
    assert found.proved == 1


def test_a_statement_that_does_not_add_up_stands_aside_whole(tmp_path: Path) -> None:
    text = mt940_text([PAYOUT, PAYOUT], opening=100, closing=50_100) + mt940_text([PAYOUT], number="2/1")
    found = load(tmp_path, "mt940", {"a.sta": text})
    assert len(found.lines) == 1
    assert reasons(found) == [
        "statement 1/1: opening THB 1.00 and 2 line(s) over THB 1,000.00 come to THB 1,001.00, but it closes with "
        "THB 501.00: kept aside as a whole"
    ]


@pytest.mark.parametrize(("mark", "amount"), [("C", 50_000), ("D", -50_000), ("RC", -50_000), ("RD", 50_000)])
def test_a_reversed_credit_is_a_debit_and_the_other_way_round(mark: str, amount: int, tmp_path: Path) -> None:
    text = mt940_text([PAYOUT], opening=100_000, closing=100_000 + amount).replace("1120C500", f"1120{mark}500")
    assert [row[1] for row in rows(load(tmp_path, "mt940", {"a.sta": text}))] == [amount]


def test_lines_without_a_type_code_stay_apart(tmp_path: Path) -> None:
    text = mt940_text([PAYOUT, PAYOUT]).replace("NTRFNONREF//TH2611200001", "")
    assert [row[1] for row in rows(load(tmp_path, "mt940", {"a.sta": text}))] == [50_000, 50_000]


def test_the_day_of_booking_counts_also_over_the_years_end(tmp_path: Path) -> None:
    text = mt940_text([PAYOUT]).replace(":61:2611201120", ":61:2612310102")
    found = load(tmp_path, "mt940", {"a.sta": text})
    assert [row[0] for row in rows(found)] == ["2027-01-02"]
    assert list(found.lines["value_on"]) == ["2026-12-31"]


def test_a_line_that_was_cut_where_it_was_full_is_one_word_again(tmp_path: Path) -> None:
    first = "TRANSFER FROM ABROAD, CHARGES OURS, IN FAVOUR OF THE MERCHANT: OMI"[:65]
    full = mt940_text([Entry(DAY, 1, first + "\nMISE\nPAYOUT".replace("MISE", "ISE", 1))])
    parts = mt940_text([Entry(DAY, 1, "051?00PAYMENT?20" + "X" * 25 + "OM?21ISE CO LTD")])
    assert rows(load(tmp_path / "1", "mt940", {"a.sta": full}))[0][3].endswith("MERCHANT: OMISE PAYOUT")
    assert rows(load(tmp_path / "2", "mt940", {"a.sta": parts}))[0][3] == "051 PAYMENT " + "X" * 25 + "OMISE CO LTD"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (":62F:", ":64:", "it has no opening balance (:60F:) or no closing balance (:62F:)"),
        (":61:261120", ":61:26ABCD", "line 5: this :61: is not as MT940 has it"),
        (":61:261120", ":61:261340", 'line 5: date "261340" does not exist'),
        ("26112", "69112", 'line 5: year of "691120" looks Buddhist-era (2569 = 2026): write the common era'),
        ("C500,00", "C5,00,00", 'line 5: amount "5,00,00" is not a number like 12960,94'),
        ("THB", "XXX", 'currency "XXX" is not known'),
        (":62F:C261120THB", ":62F:C261120USD", "it opens and closes in different currencies"),
        ("C500,00N", "C500,005N", 'line 5: amount "500,005" has more decimals than THB (2)'),
    ],
)
def test_a_statement_that_cannot_be_read_costs_itself_only(old: str, new: str, reason: str, tmp_path: Path) -> None:
    text = mt940_text([PAYOUT]).replace(old, new) + mt940_text([PAYOUT], number="2/1")
    found = load(tmp_path, "mt940", {"a.sta": text})
    assert reasons(found) == [f"a statement cannot be read and is kept aside as a whole: {reason}"]
    assert len(found.lines) == 1


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("THB", "XXX", 'currency "XXX" is not known'),
        (":60F:C", ":60F:X", "line 4: this :60F: is not as MT940 has it"),
        (":60F:", ":64:", "it has no opening balance (:60F:) or no closing balance (:62F:)"),
    ],
)
def test_what_an_opening_balance_lacks_is_told_before_its_decimals(
    old: str, new: str, reason: str, tmp_path: Path
) -> None:
    text = mt940_text([Entry(DAY, 50_050, "OMISE")]).replace(old, new)
    assert reasons(load(tmp_path, "mt940", {"a.sta": text}))[0].endswith(f"as a whole: {reason}")


INTERIM = ":20:1\n:25:123\n:28C:1/1\n:34F:THB0,00\n:61:2611201120C5,00NTRFNONREF\n:90C:1THB5,00\n"
BALANCES = ":20:1\n:25:123\n:28:1\n:13:2611201200\n:60F:C261120THB0,00\n:90C:2THB5,00\n:62F:C261120THB5,00\n"
NOTE = ":20:1\n:21:NONREF\n:25:123\n:32A:261120THB5,00\n"


@pytest.mark.parametrize(("text", "name"), [(INTERIM, "MT942"), (BALANCES, "MT941"), (NOTE, "MT900, MT910")])
def test_another_message_of_the_bank_is_told_apart(text: str, name: str, tmp_path: Path) -> None:
    """In a file of its own the file is named, among statements it costs itself only."""
    alone = load(tmp_path / "1", "mt940", {"a.sta": text * 2})
    mixed = load(tmp_path / "2", "mt940", {"a.sta": text + mt940_text([PAYOUT])})
    assert len(alone.unreadable) == len(reasons(mixed)) == len(mixed.lines) == 1
    for words in (*alone.unreadable, *reasons(mixed)):
        assert f"({name}), no statement (MT940): i" in words
        assert words.endswith("; take it out of the folder, or name the statements only in path")


def test_a_statement_may_have_the_sums_of_its_lines_too(tmp_path: Path) -> None:
    text = mt940_text([PAYOUT]).replace(":62F:", ":90C:1THB500,00\n:62F:")
    assert len(load(tmp_path, "mt940", {"a.sta": text}).lines) == 1


def test_references_and_numbers_longer_than_swift_has_them_are_read_whole(tmp_path: Path) -> None:
    name = "trsf_test_5ygwwpvwuam9yg3qpxx"
    text = mt940_text([PAYOUT], number="167619/123456").replace(":20:STATEMENT", ":20:" + "S" * 20 + "\n:21:NONREF")
    whole = text.replace("NONREF//TH2611200001", f"INVOICE 2026-11-20 OF THE SHOP//{name}")
    own = text.replace("NONREF//TH2611200001", name)
    found = [load(tmp_path / at, "mt940", {"a.sta": one}) for at, one in (("1", whole), ("2", own))]
    assert [row[3:] for one in found for row in rows(one)] == [
        ("OMISE PAYOUT INVOICE 2026-11-20 OF THE SHOP", name),
        ("OMISE PAYOUT", name),
    ]
    wrong = load(tmp_path / "3", "mt940", {"a.sta": mt940_text([PAYOUT], number="167619/123456", closing=1)})
    assert reasons(wrong)[0].startswith("statement 167619/123456: opening ")


def test_the_text_of_a_bank_s_own_tag_counts(tmp_path: Path) -> None:
    text = mt940_text([PAYOUT]).replace(":86:OMISE PAYOUT", ":NS:01PAYOUT\n15OMISE CO LTD")
    assert rows(load(tmp_path, "mt940", {"a.sta": text}))[0][3] == "PAYOUT OMISE CO LTD"


def test_balances_of_no_year_that_can_be_meant_say_no_days(tmp_path: Path) -> None:
    found = load(tmp_path, "mt940", {"a.sta": mt940_text([PAYOUT]).replace("26112", "69112")})
    assert found.unread[[c.FROM_DAY, c.TO_DAY]].isna().to_numpy().tolist() == [[True, True]]


def test_a_file_that_is_no_mt940_is_refused(tmp_path: Path) -> None:
    found = load(tmp_path, "mt940", {"a.sta": "date,amount\n", "b.sta": b"\x00\x01", "c.sta": ""})
    assert [words.partition(": ")[2].split(" ")[0] for words in found.unreadable] == ["a.sta", "b.sta", "c.sta"]
    assert "holds no MT940 statement: none of its lines begins with :20:" in found.unreadable[0]


def test_a_statement_that_looks_like_a_path_opens_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(mt940_text([PAYOUT]))
    found = load(tmp_path / "bank", "mt940", {"a.sta": f":20:{secret}"})
    assert len(found.lines) == 0


def test_what_the_library_cannot_read_is_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    text = mt940_text([PAYOUT]).replace("C500,00NTRF", "Csomchai.jaidee 500,00NTRF")
    with caplog.at_level(logging.DEBUG):
        found = load(tmp_path, "mt940", {"a.sta": text})
    print("end", file=sys.stderr)
    assert len(found.rejected) == 1
    assert "somchai" not in caplog.text + "".join(capfd.readouterr()) + found.rejected.to_string()
