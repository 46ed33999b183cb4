"""Bank lines from CAMT.053: the cases that banks differ in, and files that mean harm."""

import re
import resource
from datetime import date
from pathlib import Path

import pytest

from tests.kit.bank_files import Entry, camt_entry, camt_text, load, reasons, rows

DAY = date(2026, 11, 20)
PAYOUT = Entry(DAY, 50_000)
ONE = camt_text([camt_entry(PAYOUT)], 50_000)
SIGNED = "500.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>"
READ = [("2026-11-20", 50_000, "THB", "OMISE PAYOUT", "TH2611200001")]


@pytest.mark.parametrize("version", [f"{number:02}" for number in range(2, 15)])
def test_every_version_is_read(version: str, tmp_path: Path) -> None:
    status = "<Sts><Cd>BOOK</Cd></Sts>" if version >= "07" else "<Sts>BOOK</Sts>"
    text = camt_text([camt_entry(PAYOUT, status=status)], 50_000, version=version)
    found = load(tmp_path, "camt053", {"a.xml": text})
    assert (rows(found), reasons(found), found.unreadable) == (READ, [], ())


def test_a_prefix_and_utf_16_make_no_difference(tmp_path: Path) -> None:
    prefixed = ONE.replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?").replace("xmlns=", "xmlns:x=")
    files: dict[str, str | bytes] = {"a.xml": prefixed, "b.xml": ONE.replace("UTF-8", "UTF-16").encode("utf-16")}
    assert rows(load(tmp_path, "camt053", files)) == READ


def test_accounts_with_and_without_iban_are_told_apart(tmp_path: Path) -> None:
    other = camt_text([camt_entry(PAYOUT)], 50_000, account="<IBAN>DE89370400440532013000</IBAN>")
    found = load(tmp_path, "camt053", {"a.xml": ONE, "b.xml": other})
    assert rows(found) == READ * 2
    assert "370400440532013000" not in found.lines.to_string()


def test_pending_entries_are_left_out(tmp_path: Path) -> None:
    pending = [camt_entry(Entry(DAY, 700), status=f"<Sts>{word}</Sts>") for word in ("PDNG", "INFO")]
    assert rows(load(tmp_path, "camt053", {"a.xml": camt_text([*pending, camt_entry(PAYOUT)], 50_000)})) == READ


def test_a_reversal_has_its_own_direction(tmp_path: Path) -> None:
    back = camt_entry(Entry(DAY, -50_000), inside="<RvslInd>true</RvslInd>")
    found = load(tmp_path, "camt053", {"a.xml": camt_text([camt_entry(PAYOUT), back], 0)})
    assert [row[1] for row in rows(found)] == [50_000, -50_000]


@pytest.mark.parametrize("name", ["<Nm>OMISE CO LTD</Nm>", "<Pty><Nm>OMISE CO LTD</Nm></Pty>"])
@pytest.mark.parametrize("side", ["Dbtr", "UltmtDbtr"])
@pytest.mark.parametrize("amount", [50_000, -50_000])
def test_whom_a_payout_and_its_reversal_name(amount: int, side: str, name: str, tmp_path: Path) -> None:
    """A reversal has a direction of its own, and the sides of what it takes back."""
    details = f"<TxDtls><RltdPties><{side}>{name}</{side}><Cdtr><Nm>SHOP</Nm></Cdtr></RltdPties></TxDtls>"
    entry = camt_entry(Entry(DAY, amount), "<RvslInd>true</RvslInd>" if amount < 0 else "", details=details)
    found = load(tmp_path, "camt053", {"a.xml": camt_text([entry], amount)})
    assert [row[3] for row in rows(found)] == ["OMISE CO LTD" if amount > 0 else "SHOP OMISE CO LTD"]


def test_a_debit_of_the_oldest_version_names_whom_it_went_to(tmp_path: Path) -> None:
    """A part says no direction of its own there."""
    details = "<TxDtls><RltdPties><Dbtr><Nm>SHOP</Nm></Dbtr><Cdtr><Nm>OMISE</Nm></Cdtr></RltdPties></TxDtls>"
    entry = camt_entry(Entry(DAY, -100), details=details)
    assert rows(load(tmp_path, "camt053", {"a.xml": camt_text([entry], -100)}))[0][3] == "OMISE"


def test_a_moment_may_be_written_to_the_billionth(tmp_path: Path) -> None:
    moment = "<DtTm>2026-11-20T00:59:54.123456789+07:00</DtTm>"
    found = load(tmp_path, "camt053", {"a.xml": ONE.replace("<Dt>2026-11-20</Dt>", moment)})
    assert (rows(found), reasons(found)) == (READ, [])


def test_a_statement_of_no_entries_needs_no_second_balance(tmp_path: Path) -> None:
    """A currency that was never used has none at all. A balance alone ties the statements before and after it."""
    empty = camt_text([], 0)
    only = re.sub(r"<Bal>.*?</Bal>", "", camt_text([], 0, opening=50_000, number=2), count=1)
    never = re.sub(r"<Bal>.*</Bal>", "", empty)
    later = camt_text([], 0, opening=60_000, number=3, day="2026-11-21")
    found = load(tmp_path, "camt053", {"a.xml": ONE, "b.xml": only, "c.xml": never, "d.xml": later})
    assert (rows(found), reasons(found), found.unreadable) == (READ, [], ())
    assert [gap.partition(": ")[2][:11] for gap in found.gaps] == ["statement 3"]
    lost = load(tmp_path / "2", "camt053", {"a.xml": re.sub(r"<Bal>.*</Bal>", "", ONE)})
    assert "it has no opening balance (OPBD)" in reasons(lost)[0]


@pytest.mark.parametrize("message", ["camt.052.001.08", "camt.054.001.04"])
def test_another_message_of_the_bank_is_told_apart(message: str, tmp_path: Path) -> None:
    found = load(tmp_path, "camt053", {"a.xml": ONE.replace("camt.053.001.02", message)})
    [words] = found.unreadable
    assert f"({message[:8]}), no statement (camt.053): its" in words
    assert words.endswith("; take it out of the folder, or name the statements only in path")


def part(
    amount: str, text: str, path: tuple[str, str] = ("<Amt", "</Amt>"), direction: str = "<CdtDbtInd>CRDT</CdtDbtInd>"
) -> str:
    return (
        f'<TxDtls><Refs><AcctSvcrRef>{text[:3]}</AcctSvcrRef></Refs>{path[0]} Ccy="THB">{amount}{path[1]}'
        f"{direction}<RmtInf><Ustrd>{text}</Ustrd><Ustrd>MORE</Ustrd></RmtInf></TxDtls>"
    )


@pytest.mark.parametrize(
    "path",
    [
        ("<Amt", "</Amt>"),
        ("<AmtDtls><TxAmt><Amt", "</Amt></TxAmt></AmtDtls>"),
        ("<AmtDtls><InstdAmt><Amt", "</Amt></InstdAmt></AmtDtls>"),
    ],
)
@pytest.mark.parametrize("direction", ["<CdtDbtInd>CRDT</CdtDbtInd>", ""])
def test_a_batch_whose_parts_come_to_its_sum_is_taken_apart(
    direction: str, path: tuple[str, str], tmp_path: Path
) -> None:
    """No part of the oldest version has a direction."""
    details = part("400.00", "OMISE", path, direction) + part("100.00", "SOMCHAI", path, direction)
    batch = camt_entry(PAYOUT, details=details)
    found = load(tmp_path, "camt053", {"a.xml": camt_text([batch], 50_000)})
    assert rows(found) == [
        ("2026-11-20", 40_000, "THB", "OMISE MORE", "OMI"),
        ("2026-11-20", 10_000, "THB", None, None),
    ]


def test_a_batch_whose_parts_do_not_is_one_line(tmp_path: Path) -> None:
    batch = camt_entry(PAYOUT, details=part("400.00", "OMISE") + part("99.00", "TWO"))
    found = load(tmp_path, "camt053", {"a.xml": camt_text([batch], 50_000)})
    assert rows(found) == [("2026-11-20", 50_000, "THB", "OMISE MORE TWO", "TH2611200001")]


def test_the_other_side_and_all_references_are_in_the_text(tmp_path: Path) -> None:
    details = (
        "<TxDtls><Refs><EndToEndId>trsf_test_5xy</EndToEndId></Refs>"
        "<RltdPties><Dbtr><Pty><Nm>Omise Co</Nm></Pty></Dbtr></RltdPties>"
        "<RmtInf><Strd><CdtrRefInf><Ref>RF18</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"
    )
    entry = camt_entry(PAYOUT, details=details).replace("<AcctSvcrRef>TH2611200001</AcctSvcrRef>", "")
    found = load(tmp_path, "camt053", {"a.xml": camt_text([entry], 50_000)})
    assert rows(found)[0][3:] == ("RF18 Omise Co trsf_test_5xy", "trsf_test_5xy")


@pytest.mark.parametrize("balances", [("PRCD", "CLBD"), ("ITBD", "ITBD"), ("OPBD", "ITBD")])
def test_statements_in_parts_have_balances_too(balances: tuple[str, str], tmp_path: Path) -> None:
    text = camt_text([camt_entry(PAYOUT)], 50_000, opening=-700, balances=balances)
    assert rows(load(tmp_path, "camt053", {"a.xml": text})) == READ


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("CLBD", "CLAV", "it has no opening balance (OPBD) or no closing balance (CLBD)"),
        (f'THB">{SIGNED}', f'USD">{SIGNED}', "it is in THB, and an entry of it in another currency"),
        ("<BookgDt><Dt>2026-11-20</Dt></BookgDt>", "", "entry 1: it has no date of booking (BookgDt)"),
        (
            SIGNED,
            f"-{SIGNED}",
            'entry 1: amount "-500.00" is negative or has a comma: no amount of CAMT is so',
        ),
        (
            SIGNED,
            SIGNED.replace("500.00", "1,500"),
            'entry 1: amount "1,500" is negative or has a comma: no amount of CAMT is so',
        ),
        (SIGNED, "500.00</Amt><Sts>", "entry 1: an amount or its direction (CRDT, DBIT) is missing"),
    ],
)
def test_a_statement_that_cannot_be_read_is_aside_with_its_number(
    old: str, new: str, reason: str, tmp_path: Path
) -> None:
    assert old in ONE
    found = load(tmp_path, "camt053", {"a.xml": ONE.replace(old, new)})
    assert reasons(found) == [f"statement 1 cannot be read and is kept aside as a whole: {reason}"]
    assert len(found.lines) == 0


def test_a_statement_that_does_not_add_up_is_aside(tmp_path: Path) -> None:
    found = load(tmp_path, "camt053", {"a.xml": camt_text([camt_entry(PAYOUT)], 49_999)})
    assert (len(found.lines), len(found.rejected)) == (0, 1)
    assert "but it closes with THB 499.99: kept aside as a whole" in reasons(found)[0]


LAUGHS = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


def with_type(declared: str, text: str) -> str:
    """The statement after a declaration, with a text in it."""
    return ONE.replace("<Document", f"<!DOCTYPE D {declared}><Document").replace("PAYOUT", text)


HOSTILE = {
    "billion laughs": with_type(f"[{LAUGHS}]", "&l11;"),
    "external entity": with_type('[<!ENTITY x SYSTEM "file:///etc/passwd">]', "&x;"),
    "external document type": with_type('SYSTEM "http://127.0.0.1:9/x.dtd"', "PAYOUT"),
    "parameter entity": with_type('[<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]', "PAYOUT"),
    "unknown entity": ONE.replace("PAYOUT", "&x;"),
    "camt.054": ONE.replace("camt.053.001.02", "camt.054.001.02"),
    "camt.053 of later": ONE.replace("camt.053.001.02", "camt.053.001.15"),
    "a web page": "<html><body>log in</body></html>",
    "cut": ONE[:-90],
    "cut at the head": ONE[:200],
    "deep": ONE.replace("<Ntry>", "<a>" * 10_000, 1),
    "endless text": ONE.replace("PAYOUT", "x" * 11_000_000),
    "a zip": "PK\x03\x04",
    "empty": "",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_broken_file_is_refused_in_words(name: str, tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = load(tmp_path, "camt053", {"a.xml": HOSTILE[name], "b.xml": ONE})
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024  # kB
    assert rows(found) == READ
    [words] = found.unreadable
    assert words.startswith("bank.scb: a.xml ")
    assert len(words) < 200
    assert "root:" not in words


def test_a_hundred_megabytes_are_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.xml").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = load(tmp_path, "camt053", {"b.xml": ONE})
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 80 * 1024  # kB
    assert found.unreadable == (
        "bank.scb: a.xml is larger than 32 MB, which no statement is: split the export by date",
    )
    assert rows(found) == READ
