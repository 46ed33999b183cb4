"""OFX statements: old ones without end tags and new ones in XML; what can mean two things stands aside."""

from pathlib import Path

import pytest

from recon import columns as c
from tests.kit.bank_files import load, reasons, rows

OLD = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>THB
<BANKACCTFROM><BANKID>014<ACCTID>1234567890<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20261101<DTEND>20261130
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261120120000[+7:ICT]<TRNAMT>1234.50<FITID>F1
<NAME>OMISE CO LTD<MEMO>PAYOUT</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20261121<TRNAMT>-10.00<FITID>F2<NAME>FEE</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20261121<TRNAMT>-10.00<FITID>F3<NAME>FEE</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>5000.00<DTASOF>20261130</LEDGERBAL>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
NEW = """<?xml version="1.0" encoding="UTF-8"?>
<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>
<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>THB</CURDEF>
<BANKTRANLIST><STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20261120</DTPOSTED><TRNAMT>1234.50</TRNAMT>
<FITID>F1</FITID><REFNUM>trsf_1</REFNUM><NAME>โอมิเซะ OMISE &amp; CO</NAME></STMTTRN></BANKTRANLIST>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""


def test_statements_of_both_generations_are_read(tmp_path: Path) -> None:
    old = load(tmp_path / "old", "ofx", {"a.ofx": OLD})
    assert reasons(old) == []
    assert rows(old) == [
        ("2026-11-20", 123_450, "THB", "OMISE CO LTD PAYOUT", "F1"),
        ("2026-11-21", -1_000, "THB", None, None),
        ("2026-11-21", -1_000, "THB", None, None),
    ]
    assert old.proved == 0  # without an opening balance nothing is proved
    new = load(tmp_path / "new", "ofx", {"a.qfx": NEW})
    assert rows(new) == [("2026-11-20", 123_450, "THB", "โอมิเซะ OMISE & CO", "trsf_1")]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("<TRNAMT>1234.50", "<TRNAMT>1,234", 'amount "1,234" can mean more than one'),
        ("<TRNAMT>1234.50", "<TRNAMT>1234.505", 'amount "1234.505" has more decimals than THB (2)'),
        ("<TRNAMT>1234.50", "<TRNAMT>1.250", 'amount "1.250" has more decimals than THB (2)'),
        ("<DTPOSTED>20261120120000[+7:ICT]", "<DTPOSTED>25691120", 'year of "2569-11-20" looks Buddhist-era (2569 ='),
        ("<DTPOSTED>20261120120000[+7:ICT]", "<DTPOSTED>19691120", 'year of "1969-11-20" cannot be a statement'),
        (
            "<DTPOSTED>20261120120000[+7:ICT]",
            "<DTPOSTED>20261120120000[+99]",
            'date "2026-11-20T12:00:00+99:00" does',
        ),
        ("<DTPOSTED>20261120120000[+7:ICT]", "<DTPOSTED>201126", 'date "201126" can mean more than one'),
        ("<CURDEF>THB", "<CURDEF>XXQ", 'currency "XXQ" is not known'),
        ("<TRNAMT>1234.50", "<TRNAMT>12a", "1 transaction(s) have no day or no amount that can be read"),
        ("<DTPOSTED>20261120120000[+7:ICT]", "<DTPOSTED>20261320", "1 transaction(s) have no day or no amount"),
    ],
)
def test_what_is_not_sure_stands_aside(old: str, new: str, reason: str, tmp_path: Path) -> None:
    loaded = load(tmp_path, "ofx", {"a.ofx": OLD.replace(old, new)})
    assert reasons(loaded)[0].startswith(reason)
    assert not loaded.lines["payout"].any()
    assert loaded.share.rows == 3


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("20261120165959[0:GMT]", "2026-11-20"),
        ("20261120170000.000[0:GMT]", "2026-11-21"),  # midnight in Bangkok
        ("20261121003000[+9.5]", "2026-11-20"),
        ("20261120230000", "2026-11-20"),  # without an offset it is the bank's day
    ],
)
def test_a_moment_with_an_offset_is_booked_on_the_account_s_day(written: str, day: str, tmp_path: Path) -> None:
    loaded = load(tmp_path, "ofx", {"a.ofx": OLD.replace("20261120120000[+7:ICT]", written)})
    assert rows(loaded)[0][0] == day


@pytest.mark.parametrize("written", ["25691120", "201126"])
def test_a_transaction_whose_day_is_not_sure_may_be_of_any(written: str, tmp_path: Path) -> None:
    loaded = load(tmp_path, "ofx", {"a.ofx": OLD.replace("20261120120000[+7:ICT]", written)})
    assert loaded.unread[[c.FROM_DAY, c.TO_DAY]].isna().to_numpy().tolist() == [[True, True]]


def test_a_file_that_is_no_statement_or_several_is_named(tmp_path: Path) -> None:
    start, end = OLD.index("<STMTTRNRS>"), OLD.index("</BANKMSGSRSV1>")
    files: dict[str, str | bytes] = {
        "a.ofx": "hello",
        "b.ofx": ":20:X\n:25:1\n:28C:1\n:60F:C261120THB0,\n:62F:C261120THB0,\n",
        "c.ofx": OLD[:end] + OLD[start:],
        "d.ofx": OLD.encode("utf-16"),
        "e.ofx": OLD.replace("<TRNAMT>1234.50", "<TRNAMT>1.00<TRNAMT>1234.50"),
    }
    unreadable = load(tmp_path, "ofx", files).unreadable
    assert [text.partition(": ")[2].partition(":")[0] for text in unreadable] == [
        "a.ofx holds no OFX statement",
        "b.ofx holds no OFX statement",
        "c.ofx holds 2 statements",
        "d.ofx holds no OFX statement",
        "e.ofx has a transaction with more than one TRNAMT",
    ]
