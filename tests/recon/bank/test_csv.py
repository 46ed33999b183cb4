"""Bank lines from CSV: what is read, what is refused and in which words."""

from pathlib import Path

import pytest

from recon import columns as c
from tests.kit.bank_files import load, reasons, rows

HEADER = "date,amount,currency,description,reference\n"
GOOD = "2026-11-20,500.00,THB,OMISE PAYOUT,TH2611200001\n"


def read_rows(folder: Path, text: str, **given: object) -> list[tuple[object, ...]]:
    found = load(folder, "csv", {"a.csv": text}, **given)
    assert reasons(found) == []
    return rows(found)


def test_a_payout_is_read_with_its_place(tmp_path: Path) -> None:
    found = load(tmp_path, "csv", {"a.csv": HEADER + GOOD})
    assert rows(found) == [("2026-11-20", 50_000, "THB", "OMISE PAYOUT", "TH2611200001")]
    [line] = found.lines.to_dict("records")
    assert (line[c.ACCOUNT], line[c.SOURCE], line[c.FILE], line[c.ROW], line[c.PAYOUT]) == (
        "th",
        "scb",
        "a.csv",
        2,
        True,
    )
    assert [(one.source, one.name, one.rows) for one in found.inputs] == [("bank.scb", "a.csv", 1)]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("-500.00", -50_000),
        ("500.00-", -50_000),
        ("(500.00)", -50_000),
        ("500.00 DR", -50_000),
        ("500.00CR", 50_000),
        ("+500.00", 50_000),
        ('"1,500.5"', 150_050),
        ("0", 0),
    ],
)
def test_a_debit_is_negative_in_whatever_way_it_is_written(text: str, amount: int, tmp_path: Path) -> None:
    assert read_rows(tmp_path, HEADER + GOOD.replace("500.00", text))[0][1] == amount


@pytest.mark.parametrize(
    ("old", "new", "column", "reason"),
    [
        (
            "2026-11-20",
            "05/11/2026",
            "date",
            'date "05/11/2026" can be read as day/month or month/day: set date_format of [bank.scb]',
        ),
        (
            "2026-11-20",
            "2569-11-20",
            "date",
            'year of "2569-11-20" looks Buddhist-era (2569 = 2026): write the common era, or set '
            'era = "buddhist" in [bank.scb]',
        ),
        ("2026-11-20", "2026-02-30", "date", 'date "2026-02-30" does not exist'),
        ("2026-11-20", "", "date", 'date "" is not like 2026-11-24'),
        (
            "500.00",
            "500.001",
            "amount",
            'amount "500.001" has more decimals than THB (2); if that is how it writes amounts, set decimal and '
            "thousands of [bank.scb]",
        ),
        ("500.00", "5e2", "amount", 'amount "5e2" is not a number like 1234.50 or 1,234.50'),
        ("500.00", "-500.00 CR", "amount", 'amount "-500.00 CR" has more than one sign'),
        ("500.00", "(500.00", "amount", 'amount "(500.00" is not a number like 1234.50 or 1,234.50'),
        ("500.00", "", "amount", "amount is empty"),
        ("500.00", "9" * 20, "amount", 'amount "…9999" is too large: one is at most THB 90,000,000,000.00'),
        ("THB", "XXX", "currency", 'currency "XXX" is not known'),
        ("THB", "", "currency", "currency is empty"),
    ],
)
def test_a_row_that_cannot_be_read_stands_aside(old: str, new: str, column: str, reason: str, tmp_path: Path) -> None:
    found = load(tmp_path, "csv", {"a.csv": HEADER + GOOD.replace(old, new, 1) + GOOD})
    assert rows(found) == [("2026-11-20", 50_000, "THB", "OMISE PAYOUT", "TH2611200001")]
    [rejected] = found.rejected.to_dict("records")
    assert (rejected[c.SOURCE], rejected[c.ACCOUNT], rejected[c.ROW]) == ("bank.scb", "th", 2)
    assert (rejected[c.COLUMN], rejected[c.REASON]) == (column, reason)


def test_other_names_another_mark_and_no_currency_or_reference(tmp_path: Path) -> None:
    text = "\nPosting Date;Text;Value\n2026-11-20;Omise payout;500.00\n\n"
    given = {"columns": {"date": "Posting Date", "description": "Text", "amount": "Value"}}
    assert read_rows(tmp_path, text, **given) == [("2026-11-20", 50_000, "THB", "Omise payout", None)]


def test_a_moment_is_booked_on_its_day_in_the_accounts_zone(tmp_path: Path) -> None:
    moments = ("2026-11-20T18:30:00Z", "2026-11-20 23:59", "2026-11-21T00:30:00.5+09:00")
    text = HEADER + "".join(GOOD.replace("2026-11-20", moment) for moment in moments)
    assert [row[0] for row in read_rows(tmp_path, text)] == ["2026-11-21", "2026-11-20", "2026-11-20"]


def test_rows_that_do_not_fit_cost_themselves_only(tmp_path: Path) -> None:
    torn = '2026-11-20,1.00,THB\n2026-11-20,2.00,THB,"open,x\n'
    found = load(tmp_path, "csv", {"a.csv": HEADER + torn + GOOD.strip() + ",\n"})
    assert rows(found) == [("2026-11-20", 50_000, "THB", "OMISE PAYOUT", "TH2611200001")]
    assert reasons(found) == ['the quotes (") of this row do not close', "3 fields where the header has 5"][::-1]


def test_a_file_without_the_columns_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.csv": "day,sum\n1,2\n",
        "b.csv": HEADER + GOOD,
        "c.csv": "",
        "d.csv": b"\x81\0a",
    }
    found = load(tmp_path, "csv", files)
    assert len(found.lines) == 1
    advice = "name the right one in [bank.scb.columns], or correct the file"
    lacks = '"date" (our date), "amount" (our amount), "description" (our description)'
    assert found.unreadable[0] == f"bank.scb: a.csv has no column {lacks}; its columns are: day, sum; {advice}"
    assert found.unreadable[1] == "bank.scb: c.csv is empty: it needs at least a header row with the columns' names"
    assert found.unreadable[2].startswith(
        "bank.scb: d.csv is not utf-8 text (line 1): set [bank.scb] encoding to what the file"
    )


def test_a_thai_file_is_read_in_its_encoding(tmp_path: Path) -> None:
    text = (HEADER + GOOD.replace("PAYOUT", "โอนเงิน")).encode("cp874")
    assert rows(load(tmp_path, "csv", {"a.csv": text}, encoding="cp874"))[0][3] == "OMISE โอนเงิน"
    assert load(tmp_path, "csv", {}, encoding="utf-8").unreadable != ()
    assert load(tmp_path, "csv", {}).encodings == ("cp874",)


def test_balances_totals_and_notes_are_no_lines_and_no_faults(tmp_path: Path) -> None:
    """But what a row of another name lacks, or one of these has too much, is said."""
    text = """date,description,debit,credit
2026-11-19,ยอดยกมา,,
2026-11-20,OMISE PAYOUT,,500.00
2026-11-20,Balance B/F,-,
,Total,0.00,500.00
合計,,0,500.00
Note: this is a statement, and has no signature
2026-11-20,Balance B/F,5.00,
2026-11-20,Total,1.00,2.00
2026-11-20,Transfer,,
,Transfer,,5.00
20 November, cut
"""
    columns = {"debit": "debit", "credit": "credit"}
    found = load(tmp_path, "csv", {"a.csv": text}, columns=columns)
    assert [row[:2] for row in rows(found)] == [("2026-11-20", 50_000), ("2026-11-20", -500)]
    assert (found.ignored, list(found.rejected[c.ROW])) == (5, [9, 10, 11, 12])


def test_yen_of_shift_jis_are_marked_with_its_backslash(tmp_path: Path) -> None:
    text = 'date,amount,description\n令和8年11月20日,"\\7,000",オミセ\n'
    found = load(tmp_path, "csv", {"a.csv": text.encode("cp932")}, currency="JPY", encoding="cp932")
    assert [row[:3] for row in rows(found)] == [("2026-11-20", 7_000, "JPY")]
    baht = load(tmp_path / "2", "csv", {"a.csv": text}, currency="THB")
    assert "has the mark of another currency than THB" in reasons(baht)[0]


def test_a_description_goes_on_in_rows_of_its_own(tmp_path: Path) -> None:
    """Right below its line, alone in its row; not below a row that is left out, nor in the first column."""
    text = """no,date,description,debit,credit,status
,,not below any line,,,
1,2026-11-20,FROM,,500.00,done

,,OMISE,,,
,,CO LTD
2,2026-11-20,OTHER,,1.00,pending
,,of the pending one,,,
3,2026-11-20,FEE,5.00,,done
,,BALANCE,,,7.00
,,below a note,,,
a note in the first column,,,,,
,,below another,,,
4,2026-11-21,Opening balance,,,
"""
    columns = {"debit": "debit", "credit": "credit"}
    found = load(tmp_path, "csv", {"a.csv": text}, columns=columns, keep={"status": ("!pending",)})
    assert [row[1] for row in rows(found)] == [50_000, -500]
    assert (rows(found)[0][3], found.ignored, reasons(found)) == ("FROM OMISE CO LTD", 8, [])
