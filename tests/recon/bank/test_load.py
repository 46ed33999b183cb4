"""Bank sources as a whole: each line once, gaps, what is kept of a text, and that all formats say the same."""

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon import columns as c
from recon.bank.load import read
from recon.tabular.table import SourceMissing
from tests.kit.bank_files import CURRENCIES, Entry, camt_entry, camt_text, csv_text, load, mt940_text, rows, source
from tests.kit.properties import DEAR

DAY = date(2026, 11, 20)
PAYOUT, RENT = Entry(DAY, 50_000), Entry(DAY, -100, "RENT", "R1")


def ids(folder: Path, kind: str, files: dict[str, str | bytes]) -> list[str]:
    return sorted(load(folder, kind, files).lines[c.LINE_ID])


def test_a_line_in_two_overlapping_files_is_one_and_twins_in_one_file_are_two(tmp_path: Path) -> None:
    first, second = [PAYOUT, PAYOUT, RENT], [PAYOUT, PAYOUT, Entry(DAY + timedelta(1), 1)]
    both = ids(tmp_path / "1", "csv", {"a.csv": csv_text(first), "b.csv": csv_text(second)})
    assert len(set(both)) == 4
    assert ids(tmp_path / "2", "csv", {"all.csv": csv_text([*second, RENT])}) == both


def test_the_same_file_twice_and_the_same_statement_twice_are_noticed_or_read_once(tmp_path: Path) -> None:
    once = mt940_text([PAYOUT, PAYOUT])
    found = load(tmp_path, "mt940", {"a.sta": once, "b.sta": once, "c.sta": once + "\n" + once})
    assert len(found.lines) == 2
    assert found.repeated == ("bank.scb: b.sta is the same file as a.sta, and was read once",)
    assert [one.name for one in found.inputs] == ["a.sta", "c.sta"]


def test_two_pages_of_a_statement_keep_their_twins(tmp_path: Path) -> None:
    pages = mt940_text([PAYOUT], number="1/1") + mt940_text([PAYOUT], opening=50_000, number="1/2")
    assert len(load(tmp_path, "mt940", {"a.sta": pages}).lines) == 2


def test_a_statement_that_is_missing_between_two_is_told(tmp_path: Path) -> None:
    days = [
        mt940_text([Entry(DAY + timedelta(n), 100)], opening=100 * n, number=f"{n}/1") for n in (8, 9, 10, 12, 13)
    ]
    found = load(tmp_path, "mt940", {f"{n}.sta": text for n, text in enumerate(days)})
    assert found.gaps == (
        "bank.scb: statement 12/1 in 3.sta opens with THB 12.00, but statement 10/1 closed with THB 11.00: "
        "a statement between them is missing",
    )


def test_overlapping_statements_and_other_accounts_are_no_gap(tmp_path: Path) -> None:
    week = camt_text([camt_entry(PAYOUT)], 50_000, day="2026-11-27", number=2)
    other = camt_text([camt_entry(PAYOUT)], 50_000, opening=7, account="<Othr><Id>9</Id></Othr>")
    early = camt_text([camt_entry(PAYOUT)], 50_000, opening=-50_000, number=1)
    found = load(tmp_path, "camt053", {"a.xml": early, "b.xml": week, "c.xml": other})
    assert (found.gaps, found.repeated) == ((), ())
    overlapping = (
        mt940_text([PAYOUT], opening=5).replace("F:C261120", "F:C261110", 1).replace("62F:C261120", "62F:C261125")
    )
    assert load(tmp_path / "x", "mt940", {"a": mt940_text([PAYOUT]), "b": overlapping}).gaps == ()


def test_a_day_and_the_week_that_begins_with_it_are_no_gap(tmp_path: Path) -> None:
    one = camt_text([camt_entry(PAYOUT)], 50_000, day="2026-11-20")
    week = camt_text([camt_entry(PAYOUT), camt_entry(RENT)], 49_900, day="2026-11-20", number=2)
    found = load(
        tmp_path,
        "camt053",
        {"a.xml": one, "b.xml": week.replace("11-20</Dt></Dt></Bal><N", "11-27</Dt></Dt></Bal><N")},
    )
    assert (len(found.lines), found.gaps) == (2, ())


def test_a_folder_may_be_empty_and_a_named_file_must_be_there(tmp_path: Path) -> None:
    found = load(tmp_path, "csv", {})
    words = f"bank.scb: no file matches {tmp_path.name}/* yet: put it there, or correct the path"
    assert (len(found.lines), len(found.rejected), found.unreadable) == (0, 0, (words,))
    assert found.unread[[c.ACCOUNT, c.SOURCE, c.FILE]].to_numpy().tolist() == [["th", "bank.scb", "*"]]
    nowhere = read(source(tmp_path / "none", "csv"), currencies=CURRENCIES)
    assert nowhere.unreadable == (words.replace(tmp_path.name, "none"),)
    with pytest.raises(SourceMissing, match=r"\[bank.scb\] there is no file .*/none.csv: put it there"):
        read(source(tmp_path, "csv", path=str(tmp_path / "none.csv")), currencies=CURRENCIES)


def kept(folder: Path, text: str, reference: str = "R1", **given: str) -> tuple[str | None, str | None]:
    [row] = rows(load(folder, "csv", {"a.csv": csv_text([Entry(DAY, 1, text, reference)])}, **given))
    return row[3:]


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("OMISE PAYOUT trsf_test_612345678901234", "OMISE PAYOUT trsf_test_612345678901234"),
        ("OMISE TH2611200001 OM-2026-11-20-0001", "OMISE TH2611200001 OM-2026-11-20-0001"),
        ("OMISE ACN0012345 RK42330 Y8H0Z E0U1B", "OMISE ACN0012345 RK42330 Y8H0Z E0U1B"),
        ("OMISE 2026-11-20 1,234,567,890.50", "OMISE 2026-11-20 1,234,567,890.50"),
        ("OMISE TO 123-4-56789-0, A/C 1234567", "OMISE TO …7890, A/C …4567"),
        ("OMISE TO 1234567890. ACCOUNT NO. 12345", "OMISE TO …7890. ACCOUNT NO. …2345"),
        ("OMISE โอนเข้าบัญชี 0123456789", "OMISE โอนเข้าบัญชี …6789"),
        ("OMISE DE89 3704 0044 0532 0130 00 x@shop.example", "OMISE …3000 [e-mail]"),
        ("OMISE 4242 4242 4242 4242", "OMISE [card number]"),
    ],
)
def test_of_a_payouts_text_numbers_of_accounts_are_masked_and_references_stay(
    text: str, stays: str, tmp_path: Path
) -> None:
    assert kept(tmp_path, text, "20261120000012345") == (stays, "20261120000012345")


def test_of_any_other_line_no_text_is_kept(tmp_path: Path) -> None:
    text = "TRANSFER FROM SOMCHAI JAIDEE"
    assert kept(tmp_path / "1", text) == (None, None)
    assert kept(tmp_path / "2", "omise payout") == ("omise payout", "R1")
    assert kept(tmp_path / "3", "PAYMENT", "OMISE-1") == ("PAYMENT", "OMISE-1")
    assert kept(tmp_path / "4", text, payout_pattern="^transfer") == (text, "R1")


def test_a_lines_name_does_not_hang_on_the_pattern(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"a.csv": csv_text([PAYOUT])}
    lines = [load(tmp_path, "csv", files, payout_pattern=pattern).lines[c.LINE_ID].item() for pattern in ("X", "O")]
    assert lines[0] == lines[1]


ENTRIES = st.lists(
    st.builds(
        Entry,
        st.dates(date(2026, 1, 1), date(2026, 12, 31)),
        st.integers(-(10**9), 10**9).filter(bool),
        st.from_regex(r"OMISE( [x-z(][a-z0-9&\"';<>]{0,8}){0,4}", fullmatch=True),
        st.from_regex(r"[A-Z]{2}[0-9]{1,10}", fullmatch=True),
    ),
    min_size=1,
    max_size=12,
)


@DEAR
@given(ENTRIES, st.integers(-(10**9), 10**9))
def test_all_formats_read_what_was_written(entries: list[Entry], opening: int) -> None:
    total = sum(entry.amount for entry in entries)
    texts = {
        "csv": csv_text(entries),
        "mt940": mt940_text(entries, opening),
        "camt053": camt_text([camt_entry(entry) for entry in entries], total, opening=opening),
    }
    wanted = [(entry.on.isoformat(), entry.amount, "THB", entry.text, entry.reference) for entry in entries]
    for kind, text in texts.items():
        with TemporaryDirectory() as folder:
            assert rows(load(Path(folder), kind, {"a": text})) == wanted, kind


@DEAR
@given(ENTRIES, st.data())
def test_one_unit_more_or_less_is_never_read(entries: list[Entry], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(entries) - 1))
    by = data.draw(st.sampled_from([-1, 1]))
    wrong = [*entries[:at], Entry(entries[at].on, entries[at].amount + by), *entries[at + 1 :]]
    total = sum(entry.amount for entry in entries)
    texts = {
        "mt940": mt940_text(wrong, closing=total),
        "camt053": camt_text([camt_entry(entry) for entry in wrong], total),
    }
    for kind, text in texts.items():
        with TemporaryDirectory() as folder:
            found = load(Path(folder), kind, {"a": text})
            assert (len(found.lines), len(found.rejected)) == (0, 1), kind


HEAD = "date,amount,currency,description,reference\n"
GOOD = "2026-11-20,500.00,THB,OMISE PAYOUT,T1\n2026-11-24,-5.00,THB,RENT,\n"


@pytest.mark.parametrize(
    ("row", "held"),
    [
        ("Friday,12.50,THB,OMISE PAYOUT,", ("2026-11-20", "2026-11-24", 1_250, "THB", None)),
        ("2026-11-26,12.50,BAHT,OMISE PAYOUT,", ("2026-11-20", "2026-11-26", 1_250, "THB", None)),
        ("2026-11-21,much,THB,OMISE PAYOUT,trsf_test_1", ("2026-11-20", "2026-11-24", None, "THB", "trsf_test_1")),
        ("2026-11-21,much,THB,OMISE PAYOUT,", ("2026-11-20", "2026-11-24", None, "THB", None)),
        ("2026-11-21,12.5", ("2026-11-20", "2026-11-24", None, None, None)),
        ("Friday,-12.50,THB,OMISE RETURN,", None),  # a debit is no credit
        ("Friday,12.50,THB,CUSTOMER 12,", None),  # its texts are whole, and not Omise's
    ],
)
def test_what_an_unread_line_may_hold(tmp_path: Path, row: str, held: tuple[object, ...] | None) -> None:
    found = load(tmp_path, "csv", {"a.csv": HEAD + GOOD + row + "\n"})
    assert len(found.rejected) == 1
    names = [c.FROM_DAY, c.TO_DAY, c.AMOUNT, c.CURRENCY, c.TRANSFER_IDS]
    kept = found.unread[names].astype(object).where(found.unread[names].notna(), None)
    assert [tuple(values) for values in kept.to_numpy().tolist()] == ([held] if held else [])
    assert set(found.unread[c.DIGEST]) <= set(found.rejected[c.DIGEST])


def test_what_an_unread_statement_may_hold(tmp_path: Path) -> None:
    head, tail = ":20:A\n:25:B\n:28C:1\n:60F:C261120THB0,00\n", ":62F:C261124THB1,00\n"
    files: dict[str, str | bytes] = {
        "a.sta": head + ":61:2611201120Q1,00NTRFNONREF\n" + tail,
        "b.sta": head,
        "c.sta": "nothing",
    }
    found = load(tmp_path, "mt940", files)
    days = found.unread[[c.FILE, c.FROM_DAY, c.TO_DAY]].astype(object).where(found.unread.notna(), None)
    assert sorted(map(tuple, days.to_numpy().tolist())) == [
        ("a.sta", "2026-11-20", "2026-11-24"),
        ("b.sta", "2026-11-20", None),
        ("c.sta", None, None),
    ]
