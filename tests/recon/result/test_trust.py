"""The balance of trust: one line where all is well, and nothing that was not read or judged left out."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from recon import columns as c
from recon.model import InputFile, NoteKind, Result
from recon.money import Currencies
from recon.result.trust import doubt_lines, doubts, doubts_together, not_read, trust_lines, what_was_read
from tests.kit.report_example import JP, TH, empty_result, result_of

CURRENCIES = Currencies()
GOOD = replace(empty_result(), account=TH, proofs=(), notes={}, rejected_rows=0, complete=True)


def lines(result: Result) -> list[str]:
    return [f"{doubt.kind}: {doubt}" for doubt in doubts(result, CURRENCIES)]


def rejected(*reasons: tuple[str, str]) -> Result:
    rows = [(source, "a.csv", at, None, reason, "th", str(at)) for at, (source, reason) in enumerate(reasons)]
    named = [
        dict(zip(("source", "file", "row", "column", "reason", "account", "digest"), row, strict=True))
        for row in rows
    ]
    frame = c.REJECTED.build({name: [row.get(name) for row in named] for name in c.REJECTED.names})
    return replace(GOOD, not_read=not_read(frame, ()))


def test_one_line_where_all_is_well() -> None:
    kinds = {"orders with an amount of zero": NoteKind.IN_ORDER}
    both = [replace(GOOD, notes=dict.fromkeys(kinds, 3), note_kinds=kinds), replace(GOOD, account=JP)]
    assert [*trust_lines(both, CURRENCIES)] == ["th, jp: all was read and judged, and every proof ties out"]
    assert [*doubt_lines(both, CURRENCIES)] == []


def test_a_note_is_said_by_its_kind_and_one_without_a_kind_is_to_be_known() -> None:
    notes = {
        "charges kept aside": (2, NoteKind.NOT_READ),
        "orders that a charge may explain": (5, NoteKind.WAITS_FOR_OBJECTS),
        "transfers whose credit is late": (3, NoteKind.NOT_JUDGED),
        "bank.th: a statement is missing": (1, NoteKind.STATEMENT_MISSING),
        "bank.th: b.csv is a.csv again": (1, NoteKind.FILE_REPEATED),
        "orders with an amount of zero": (7, NoteKind.IN_ORDER),
        "nothing of it": (0, NoteKind.NOT_READ),
    }
    counts = {words: count for words, (count, _) in notes.items()} | {"not judged, says an older version": 1_200}
    kinds = {words: kind for words, (_, kind) in notes.items()}
    assert lines(replace(GOOD, notes=counts, note_kinds=kinds)) == [
        "Not read: bank.th: a statement is missing",
        "Not read: 2 charges kept aside",
        "Not judged: 5 orders that a charge may explain",
        "Not judged: 3 transfers whose credit is late",
        "To know: bank.th: b.csv is a.csv again",
        "To know: 1,200 not judged, says an older version",
    ]


def test_days_that_are_not_over_by_the_account_s_clock_are_said() -> None:
    day = GOOD.last_day
    midnight = datetime(day.year, day.month, day.day, tzinfo=TH.zone)
    assert lines(replace(GOOD, as_of=midnight + timedelta(days=1))) == []
    assert lines(replace(GOOD, as_of=midnight + timedelta(hours=23, minutes=59))) == [
        "To know: 1 day of the range not over yet"
    ]
    assert lines(replace(GOOD, as_of=midnight - timedelta(hours=1))) == ["To know: 2 days of the range not over yet"]


def test_lists_and_files_that_are_not_complete_are_said_once() -> None:
    short = replace(GOOD, complete=False, not_read=not_read(c.REJECTED.empty(), ["charges: 9 of 10 rows came"]))
    assert lines(short) == ["Not read: charges: 9 of 10 rows came"]
    assert [*doubt_lines([short], CURRENCIES, ['account "th": charges: 9 of 10 rows came; run again'])] == []
    assert lines(replace(GOOD, complete=False)) == [
        "Not read: a source failed or a list was cut short: run the same range again"
    ]


def test_rejected_rows_stand_by_reason_and_the_quoted_value_that_is_most_frequent() -> None:
    status = 'status "{}" is not mapped'
    words = [("shop", status.format(word)) for word in ("completed", "completed", "processing")]
    assert lines(rejected(*words, ("bank.th", "no date"))) == [
        'Not read: 3 rows of orders.shop: status "completed" is not mapped, and 1 other value',
        "Not read: 1 row of bank.th: no date",
    ]
    many = lines(rejected(*((f"s{at}", "bad") for at in range(12))))
    assert len(many) == 9
    assert many[-1] == "Not read: 4 rows for other reasons (Rejected rows)"


def test_a_proof_that_does_not_tie_says_by_how_much() -> None:
    proofs = tuple(proof for proof in result_of().proofs if proof.unexplained)
    assert lines(replace(GOOD, proofs=proofs)) == [
        "Does not tie: Transfers paid = credits at the bank: THB -15.00 of its difference is not explained"
    ]


def test_what_several_accounts_have_stands_together_with_their_names() -> None:
    th, jp = (
        rejected(("shop", 'amount "x" is no number')),
        replace(rejected(("shop", 'amount "y" is no number')), account=JP),
    )
    [doubt] = doubts_together([th, jp], CURRENCIES)
    assert str(doubt) == '2 rows of orders.shop: amount "x" is no number (th 1, jp 1)'


@pytest.mark.parametrize("files", [0, 2])
def test_what_was_read_counts_every_file_once(files: int) -> None:
    inputs = tuple(InputFile("shop", f"{at}.csv", "0" * 64, 30) for at in range(files))
    words = what_was_read([replace(GOOD, inputs=inputs), replace(GOOD, inputs=inputs)])
    assert words.endswith(" from 2 files of 60 rows and from Omise" if files else "transactions of the range")
