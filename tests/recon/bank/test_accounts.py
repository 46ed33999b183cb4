"""Files with the statements of several bank accounts: refused, or read of the one that the configuration names."""

from datetime import date
from pathlib import Path

import pytest

from tests.kit.bank_files import Entry, camt_entry, camt_text, load, mt940_text, reasons, rows

DAY = date(2026, 11, 20)
OURS = "TH12 3456 7890"
OTHER = "TH99 0000 1111"


def statement(kind: str, account: str, amount: int, closing: int | None = None) -> str:
    """One statement of an account with one line."""
    if kind == "mt940":
        return mt940_text([Entry(DAY, amount)], closing=closing).replace("1234567890", account)
    number = f"<IBAN>{account}</IBAN>"
    return camt_text([camt_entry(Entry(DAY, amount))], amount if closing is None else closing, account=number)


def file(kind: str, *statements: str) -> str:
    """Statements in one file."""
    return (
        "".join(statements)
        if kind == "mt940"
        else statements[0].replace(
            "</BkToCstmrStmt>", "".join(_body(text) for text in statements[1:]) + "</BkToCstmrStmt>"
        )
    )


def _body(text: str) -> str:
    return text[text.index("<Stmt>") : text.index("</BkToCstmrStmt>")]


@pytest.mark.parametrize("kind", ["mt940", "camt053"])
def test_a_file_of_several_bank_accounts_is_refused_in_words_that_show_none(kind: str, tmp_path: Path) -> None:
    found = load(tmp_path, kind, {"a.sta": file(kind, statement(kind, OURS, 500), statement(kind, OTHER, 700))})
    [words] = found.unreadable
    assert "a.sta holds statements of 2 bank accounts" in words
    assert 'write statement_of = "…" into [bank.scb]' in words
    assert not found.lines.size
    assert "3456" not in words
    assert len(found.unread) == 1, "what may stand in it accuses nobody"


@pytest.mark.parametrize("kind", ["mt940", "camt053"])
@pytest.mark.parametrize("written", [OURS, "th1234567890"])
def test_of_the_account_that_is_named_alone_lines_are_read(kind: str, written: str, tmp_path: Path) -> None:
    damaged = statement(kind, OTHER, 700).replace("C7,00", "C7x").replace(">7.00<", ">7x<")
    whole = file(kind, statement(kind, OURS, 500), statement(kind, OTHER, 600), damaged)
    found = load(tmp_path, kind, {"a.sta": whole}, settings={"statement_of": written})
    assert [row[1] for row in rows(found)] == [500]
    assert (found.unreadable, reasons(found), found.ignored, found.accounts) == ((), [], 2, 1)


@pytest.mark.parametrize("kind", ["mt940", "camt053"])
def test_a_statement_of_the_account_that_cannot_be_read_stands_aside(kind: str, tmp_path: Path) -> None:
    wrong = statement(kind, OURS, 700).replace("C7,00", "C7x").replace(">7.00<", ">7x<")
    whole = file(kind, statement(kind, OTHER, 500), wrong)
    found = load(tmp_path, kind, {"a.sta": whole}, settings={"statement_of": OURS})
    assert (len(found.lines), len(reasons(found)), found.unreadable) == (0, 1, ())


@pytest.mark.parametrize("kind", ["mt940", "camt053"])
def test_a_number_that_no_statement_has_is_said_and_not_shown(kind: str, tmp_path: Path) -> None:
    text = statement(kind, OURS, 500)
    [words] = load(tmp_path, kind, {"a.sta": text}, settings={"statement_of": OTHER}).unreadable
    assert "none of its statements is of the account that statement_of names" in words
    assert "1111" not in words


def test_a_statement_without_an_account_is_not_guessed_at(tmp_path: Path) -> None:
    text = mt940_text([Entry(DAY, 500)]).replace(":25:1234567890\n", "")
    [words] = load(tmp_path, "mt940", {"a.sta": text}, settings={"statement_of": OURS}).unreadable
    assert "a.sta has a statement that names no bank account" in words
    assert len(load(tmp_path, "mt940", {}).lines) == 1
