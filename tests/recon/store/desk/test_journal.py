"""The register of exports: append-only, byte for byte, one after the other, in the audit log."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from recon.journal.exporting import to_export
from recon.model import JournalEntry, JournalExport, JournalLine
from recon.store.desk import audit
from recon.store.desk.journal import Prepared, entries_between, export, exports, files_of
from recon.store.engine import Store
from tests.kit.store_samples import DATABASES, NOON, opened

MONDAY = date(2026, 3, 2)


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def _draft(amount: int = 100, day: date = MONDAY) -> JournalEntry:
    lines = (
        JournalLine("fees", amount, None, 2, "=1+1", "6210"),
        JournalLine("clearing", None, amount, 2, "", "1150"),
    )
    return JournalEntry(f"OMISE-TH-{day:%Y%m%d}-FEE", "th", day, "fees", "THB", "day", lines, f"digest {amount}")


def _export(store: Store, *drafts: JournalEntry, first: date = MONDAY, last: date = MONDAY) -> JournalExport:
    def prepare(register: Sequence[JournalEntry]) -> Prepared:
        entries = to_export(drafts, register)
        return Prepared(entries, [f"{len(entries)} {place}\r\n".encode("cp932") for place in (1, 2)])

    wanted = JournalExport(0, NOON, "ann", ("th",), first, last, NOON, "csv", "day", 0, 0, 0)
    return export(store, wanted, prepare, None)[0]


def test_an_export_is_kept_with_its_entries_and_files(store: Store) -> None:
    kept = _export(store, _draft())
    assert (kept.entries, kept.reversals, kept.files) == (1, 0, 2)
    assert exports(store) == [kept]
    assert files_of(store, kept.id) == [b"1 1\r\n", b"1 2\r\n"]
    [entry] = entries_between(store, ["th"], MONDAY, MONDAY)
    assert entry == to_export([_draft()], [])[0]
    assert audit.prove(store, (), ()) == []


def test_what_stands_exported_makes_no_export(store: Store) -> None:
    _export(store, _draft())
    assert _export(store, _draft()).id == 0
    assert len(exports(store)) == 1
    assert files_of(store, 7) == []


def test_overlapping_ranges_export_a_day_once(store: Store) -> None:
    tuesday = date(2026, 3, 3)
    _export(store, _draft())
    second = _export(store, _draft(), _draft(200, tuesday), last=tuesday)
    assert second.entries == 1
    numbers = [entry.number for entry in entries_between(store, ["th"], MONDAY, tuesday)]
    assert numbers == ["OMISE-TH-20260302-FEE-01", "OMISE-TH-20260303-FEE-01"]


def test_a_change_is_a_reversal_and_a_new_entry_and_earlier_exports_stay(store: Store) -> None:
    first = _export(store, _draft())
    second = _export(store, _draft(150))
    assert (second.entries, second.reversals) == (1, 1)
    assert exports(store) == [second, first]
    assert files_of(store, first.id)[0] == b"1 1\r\n"
    numbers = [entry.number for entry in entries_between(store, ["th"], MONDAY, MONDAY)]
    assert [number[-3:] for number in numbers] == ["-01", "01R", "-02"]


def test_what_fails_while_it_is_prepared_leaves_nothing(store: Store) -> None:
    def fail(_: Sequence[JournalEntry]) -> Prepared:
        raise ValueError("no code")

    wanted = JournalExport(0, NOON, "ann", ("th",), MONDAY, MONDAY, NOON, "csv", "day", 0, 0, 0)
    with pytest.raises(ValueError, match="no code"):
        export(store, wanted, fail, None)
    assert exports(store) == []
