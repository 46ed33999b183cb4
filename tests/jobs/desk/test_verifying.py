"""Workbooks held against the store: untouched, edited, outdated; signed, locked, and signed no more."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.desk import verifying
from jobs.desk.comparing import runs_diff
from jobs.desk.signed_ranges import signed_before
from jobs.desk.signing import before_signing, to_sign
from jobs.desk.verifying import CURRENT, EDITED, NOT_OURS, OUTDATED, UNTOUCHED, copy_with_signatures, sign, verify
from jobs.run import rejudging
from jobs.run.judging import Findings, find
from jobs.run.judging_request import JudgingRequest
from jobs.run.opening.store import open_ready_store, ready_store
from jobs.run.outcome import JobError, Outcome, RunOptions
from jobs.run.rejudging import Change, judged_again
from jobs.run.unsigning import unsign
from recon.money import Currencies
from recon.store.desk import audit, workbooks
from recon.store.desk.workbook_bytes import sha256_of
from recon.store.desk.workbooks import GROUP
from recon.store.engine import Store
from recon.store.runs import record
from recon.store.runs.record import StoredRun
from tests.kit.desk import SHEET, rewritten
from tests.kit.job import FIRST, LAST, Job, as_json, clock, finished_job

WHY = "the critical ones are known and being worked on"


@dataclass
class Written:
    """What a first run left: its outcome, and the workbook of the Thai account."""

    outcome: Outcome
    path: Path


@pytest.fixture
async def finished(tmp_path: Path) -> AsyncIterator[tuple[Job, Outcome]]:
    async with finished_job(tmp_path, ("th",)) as found:
        yield found


@pytest.fixture
def merchant(finished: tuple[Job, Outcome]) -> Job:
    return finished[0]


@pytest.fixture
def written(finished: tuple[Job, Outcome]) -> Written:
    return Written(finished[1], next(path for path in finished[1].reports if "_th_" in path.name))


_JUDGED: dict[tuple[str, ...], dict[str, Change]] = {}


def once(config: Config, store: Store, run: StoredRun, accounts: Collection[str]) -> dict[str, Change]:
    """As `judged_again`, of the first store that asks."""
    names = tuple(part.account for part in run.accounts)
    if names not in _JUDGED:
        _JUDGED[names] = judged_again(config, store, run, names)
    return {name: _JUDGED[names][name] for name in accounts}


@pytest.fixture
def judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that sign before data change: their stores are copies of one, which is judged again once for all."""
    monkeypatch.setattr(verifying, "judged_again", once)


def settings(merchant: Job) -> Config:
    return configuration.load(merchant.config, {})


def correct_an_order(merchant: Job) -> None:
    """The shop marks as paid what it had left pending: late data of the range."""
    missing = next(p for p in merchant.world.truth if p.code == "order_not_marked_paid" and p.account == "th")
    file = merchant.orders("th")
    text = file.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith(missing.subject_id + ","))
    file.write_text(text.replace(line, line.replace(",pending,", ",paid,")), encoding="utf-8")


@pytest.mark.usefixtures("judged_once")
async def test_what_a_run_wrote_is_untouched_and_current_the_group_too(tmp_path: Path) -> None:
    async with finished_job(tmp_path) as (merchant, outcome):
        found = [verify(settings(merchant), path) for path in outcome.reports]
        assert [(one.verdict, one.data) for one in found] == [(UNTOUCHED, CURRENT)] * 3
        group = next(one.path for one in found if one.workbook and one.workbook.account == GROUP)
        unsigned = r"not signed yet of the group: jp \(preparer and reviewer\), th \(preparer and reviewer\)"
        with pytest.raises(JobError, match=unsigned):
            sign(settings(merchant), group, "preparer", "Mei", clock)
        assert sign(settings(merchant), group, "preparer", "Mei", clock, WHY).sign_off.account == GROUP


async def test_of_a_run_of_several_accounts_only_the_workbooks_own_is_judged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[list[str]] = []

    def noted(store: Store, request: JudgingRequest) -> Findings:
        judged.append([part.account.name for part in request.accounts])
        return find(store, request)

    monkeypatch.setattr(rejudging, "find", noted)
    async with finished_job(tmp_path) as (merchant, outcome):
        jp = next(path for path in outcome.reports if "_jp_" in path.name)
        found = verify(settings(merchant), jp)
        assert (found.verdict, found.data, judged) == (UNTOUCHED, CURRENT, [["jp"]])


@pytest.mark.usefixtures("judged_once")
async def test_edited_cells_are_named_with_what_they_were(merchant: Job, written: Written) -> None:
    path = written.path
    book = load_workbook(path)
    was = book["Matched"]["F2"].value
    book["Matched"]["F2"] = 1.5
    book["Legend"]["A2"] = "=1+1"
    book.save(path)  # all other cells are the same, though another program wrote them
    found = verify(settings(merchant), path)
    assert (found.verdict, found.data, found.edited) == (EDITED, CURRENT, 2)
    said = {one.cell: (one.was, one.is_) for one in found.edits}
    assert said["Matched!F2"] == (f"{was:.15g}", "1.5")
    assert said["Legend!A2"][1] == "=1+1"

    path.write_bytes(b"PK not a workbook")
    assert verify(settings(merchant), path).verdict == NOT_OURS
    path.unlink()
    with pytest.raises(JobError, match="cannot be read"):
        verify(settings(merchant), path)


@pytest.mark.usefixtures("judged_once")
async def test_preparer_then_a_reviewer_who_is_another_person(merchant: Job, written: Written) -> None:
    path = written.path
    config = settings(merchant)
    with pytest.raises(JobError, match="preparer signs first"):
        sign(config, path, "reviewer", "Somchai", clock, WHY)
    sign(config, path, "preparer", "Somchai", clock, WHY)
    with pytest.raises(JobError, match="another person"):
        sign(config, path, "reviewer", "  somchai ", clock, WHY)
    sign(config, path, "reviewer", "Mei", clock, WHY)
    with pytest.raises(JobError, match="signed as reviewer already, by Mei"):
        sign(config, path, "reviewer", "Aiko", clock, WHY)
    assert [(one.role, one.who) for one in verify(config, path).sign_offs] == [
        ("preparer", "Somchai"),
        ("reviewer", "Mei"),
    ]


async def test_what_is_signed_is_shown_and_a_doubt_wants_a_reason(merchant: Job, written: Written) -> None:
    with ready_store(settings(merchant)) as store:
        run = record.find_run(store, written.outcome.run_id or 0)
        book = workbooks.by_hash(store, sha256_of(written.path.read_bytes()))
        assert run
        assert book
        (th,) = to_sign(store, run, book)
        beside = replace(run, accounts=(*run.accounts, replace(run.accounts[0], account="jp")))
        words = before_signing(store, beside, book).words(Currencies())
        group = before_signing(store, beside, replace(book, account=GROUP))
    assert group.unsigned == {"th": ("preparer", "reviewer"), "jp": ("preparer", "reviewer")}
    assert "not signed yet of the group" in group.doubts[-1]
    assert words[0] == th.words(Currencies())
    assert words[1] == "not signed yet of the group: jp (preparer and reviewer)"
    assert words[0].startswith("th: ")
    assert f"{th.matched} of {th.expecting} orders matched" in words[0]
    assert "owed to us THB" in words[0]
    for matched, share in ((57_000, "57.00 %"), (66_666, "66.66 %"), (99_999, "99.99 %"), (100_000, "100.00 %")):
        assert f"orders matched ({share})" in replace(th, matched=matched, expecting=100_000).words(Currencies())
    assert sum(total.count for total in th.exposures) == sum(th.open.values())
    grave = replace(th, failing=("orders_to_charges (THB)",), open={"critical": 1, "low": 3})
    assert grave.doubts == ["th: orders_to_charges (THB) does not tie", "th: 4 breaks are open (1 critical)"]
    assert "open breaks: 1 critical, 3 low" in grave.words(Currencies())
    assert replace(th, failing=(), open={"high": 1}).doubts == ["th: 1 break is open"]
    assert replace(th, failing=(), open={}).doubts == []
    assert replace(th, failing=None, open={}).doubts == [], "a run of an earlier release did not record its proofs"


@pytest.mark.usefixtures("judged_once")
async def test_a_signature_over_a_critical_break_is_kept_with_its_reason(merchant: Job, written: Written) -> None:
    config = settings(merchant)
    with pytest.raises(JobError, match=r"breaks are open \(4 critical\): say with a reason"):
        sign(config, written.path, "preparer", "Mei", clock, "  ")
    sign(config, written.path, "preparer", "Mei", clock, "the bank confirmed it by phone")
    assert [signed.reason for signed in verify(config, written.path).sign_offs] == ["the bank confirmed it by phone"]


@pytest.mark.usefixtures("judged_once")
async def test_a_signed_copy_has_the_signatures_filled_in_and_is_still_ours(merchant: Job, written: Written) -> None:
    path = written.path
    config = settings(merchant)
    kept = path.read_bytes()
    assert copy_with_signatures(config, sha256_of(kept)) is None, "nobody has signed"
    signed_at = sign(config, path, "preparer", "Somchai", clock, WHY).sign_off.at
    first = copy_with_signatures(config, sha256_of(kept))
    sign(config, path, "reviewer", "Mei", clock, WHY)
    both = copy_with_signatures(config, sha256_of(kept))
    assert first
    assert both
    assert path.read_bytes() == kept, "the workbook stays as it was written"
    for content, reviewer in ((first, None), (both, "Mei")):
        copy = verify(config, path.with_name("copy.xlsx"), content)
        assert (copy.verdict, copy.is_copy, copy.data) == (UNTOUCHED, True, CURRENT)
        rows = {
            row[0]: row
            for row in load_workbook(BytesIO(content), read_only=True)["Summary"].iter_rows(values_only=True)
        }
        assert rows["Prepared by"][1] == "Somchai"
        assert rows["Prepared by"][5] == f"{signed_at:%Y-%m-%d %H:%M} UTC"
        assert rows["Reviewed by"][1] == reviewer
        assert "orders matched" in str(rows["Signed over"][1])
        assert f"Somchai: {WHY}" in str(rows["Signed over"][1])
    edited = path.with_name("copy.xlsx")
    edited.write_bytes(both)
    rewritten(edited, {SHEET: lambda xml: xml.replace(b"Mei", b"Mai", 1)})
    found = verify(config, edited)
    assert (found.verdict, [edit.is_ for edit in found.edits if "Mai" in edit.is_]) == (EDITED, ["Mai"])


@pytest.mark.usefixtures("judged_once")
async def test_an_edited_workbook_is_not_signed(merchant: Job, written: Written) -> None:
    rewritten(written.path, {})  # by another program, and no cell differs
    found = verify(settings(merchant), written.path)
    assert (found.verdict, found.edited) == (EDITED, 0)
    with pytest.raises(JobError, match="is edited"):
        sign(settings(merchant), written.path, "preparer", "Mei", clock, WHY)


@dataclass
class Late:
    """A signed range that was run again after the shop had corrected an order; to be looked at, never changed."""

    config: Config
    path: Path  # of the signed workbook
    kept: bytes  # what it was
    run_ids: tuple[int, int]
    reports: list[str]  # of the second run
    told: str  # by it, on stderr


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Late:
    async def made(folder: Path) -> Late:
        async with finished_job(folder, ("th",)) as (merchant, first):
            config, path = settings(merchant), first.reports[0]
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(verifying, "judged_again", once)
                sign(config, path, "preparer", "Mei", clock, WHY)
            kept = path.read_bytes()
            correct_an_order(merchant)
            range_ = ("--from", str(FIRST), "--to", str(LAST), "--as-of", merchant.world.as_of.isoformat())
            words = ["--config", str(merchant.config), "run", *range_, "--no-alert", "--json"]
            ran = await asyncio.to_thread(CliRunner().invoke, app, words)
            second = as_json(ran.stdout)
            return Late(config, path, kept, (first.run_id or 0, second["run_id"]), second["reports"], ran.stderr)

    return asyncio.run(made(tmp_path_factory.mktemp("late")))


def test_an_outdated_workbook_is_not_signed_and_says_what_changed(late: Late) -> None:
    found = verify(late.config, late.path)
    assert (found.verdict, found.data) == (UNTOUCHED, OUTDATED)
    (change,) = found.changes
    assert "breaks_open" in change.figures["figure"].tolist()
    assert change.breaks["what"].tolist() == ["closed"]
    (ended,) = found.sign_offs
    assert ended.ended_by == f"run {late.run_ids[1]}"
    assert f"th {FIRST} to {LAST} is no longer signed: {ended.ended_why}" in late.told
    assert "breaks open" in str(ended.ended_why)
    with pytest.raises(JobError, match="data changed"):
        sign(late.config, late.path, "preparer", "Mei", clock, WHY)


def test_a_signed_workbook_stays_and_what_changed_stands_beside_it(late: Late) -> None:
    path = late.path
    beside = path.with_name(path.name.replace(".xlsx", ".2.xlsx"))
    assert (late.reports, path.read_bytes()) == ([str(beside)], late.kept)
    said = [str(row[0].value) for row in load_workbook(beside, read_only=True)["Summary"].iter_rows(max_row=9)]
    assert any(words.startswith(f"{path.name} was signed as preparer by Mei") for words in said)
    assert any(words.startswith("th: what differs from the result of ") for words in said)
    assert verify(late.config, beside).good


def test_two_runs_of_an_account_beside_each_other(late: Late) -> None:
    (th,) = runs_diff(late.config, *late.run_ids)["accounts"]
    assert [one["what"] for one in th["breaks"]] == ["closed"]


@pytest.mark.usefixtures("judged_once")
async def test_a_run_that_is_recorded_while_somebody_looks_is_not_signed_over(
    merchant: Job, written: Written
) -> None:
    def agree(_words: Sequence[str]) -> bool:
        asyncio.run(merchant.run(first=LAST, accounts=("th",), pull=False, as_of=clock()))
        return True

    with pytest.raises(JobError, match="a run of th was recorded meanwhile"):
        await asyncio.to_thread(sign, settings(merchant), written.path, "preparer", "Mei", clock, WHY, None, agree)
    with ready_store(settings(merchant)) as store:
        assert workbooks.standing(store) == []


@pytest.mark.proof  # the suite looks at one such run, above
async def test_a_signed_range_stays_as_it_is_until_its_figures_change(merchant: Job, written: Written) -> None:
    path = written.path
    config = settings(merchant)
    sign(config, path, "preparer", "Mei", clock, WHY)
    kept = path.read_bytes()
    again = await merchant.run(report=True, accounts=("th",))
    assert path in again.reports
    assert (path.read_bytes(), again.unsigned) == (kept, ())

    correct_an_order(merchant)
    changed = await merchant.run(report=True, accounts=("th",))
    beside = path.with_name(path.name.replace(".xlsx", ".2.xlsx"))
    assert beside in changed.reports
    assert path.read_bytes() == kept
    said = [str(row[0].value) for row in load_workbook(beside, read_only=True)["Summary"].iter_rows(max_row=9)]
    assert any(words.startswith(f"{path.name} was signed as preparer by Mei") for words in said)
    assert any(words.startswith("th: what differs from the result of ") for words in said)
    (told,) = changed.unsigned
    assert (told.account, told.first, told.last) == ("th", FIRST, LAST)
    assert "breaks open" in told.words
    (ended,) = verify(config, path).sign_offs
    assert (ended.ended_by, ended.ended_why) == (f"run {changed.run_id}", told.words)
    assert beside in (await merchant.run(report=True, accounts=("th",))).reports
    assert verify(config, beside).good


def test_a_command_says_what_is_signed_before_it_begins_and_at_its_end_what_no_longer_is(late: Late) -> None:
    before = late.told.index(f"th {FIRST} to {LAST} is signed by Mei as preparer: if its figures change")
    assert before < late.told.index("pull"), late.told
    assert late.told.index(f"th {FIRST} to {LAST} is no longer signed: th: ") > before
    elsewhere = RunOptions(LAST + timedelta(days=1), LAST + timedelta(days=1))
    assert signed_before(late.config, elsewhere, clock()) == []


@pytest.mark.proof  # the suite has it of two accounts, below
async def test_late_data_that_the_run_of_another_range_brings_unsigns_too(merchant: Job, written: Written) -> None:
    path = written.path
    config = settings(merchant)
    sign(config, path, "preparer", "Mei", clock, WHY)
    later = {"first": LAST + timedelta(days=1), "last": LAST + timedelta(days=1), "accounts": ("th",)}
    assert (await merchant.run(**later)).unsigned == ()
    past = await merchant.run(pull=False, as_of=clock(), accounts=("th",))
    assert past.unsigned == ()  # it says nothing of now
    correct_an_order(merchant)
    outcome = await merchant.run(**later)
    (told,) = outcome.unsigned
    assert told.account == "th"
    store = open_ready_store(config)
    try:
        assert outcome.run_id is not None
        again = unsign(config, store, Findings(), outcome.run_id, clock)
        assert again == (told,), "a run that was cut before it could tell tells it when its report is made again"
        assert workbooks.standing(store) == []
        assert audit.prove(store, ()) == []
    finally:
        store.dispose()


@pytest.mark.usefixtures("judged_once")
async def test_what_changed_in_another_account_of_its_run_unsigns_no_workbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night runs all accounts: what is late in Japan says nothing of what was signed in Thailand."""
    monkeypatch.setattr(workbooks, "touched_since", lambda *_: True)  # as a webhook of no consequence does
    async with finished_job(tmp_path) as (merchant, outcome):
        config = settings(merchant)
        for path in outcome.reports[:2]:
            sign(config, path, "preparer", "Mei", clock, WHY)
        correct_an_order(merchant)
        day_after = LAST + timedelta(days=1)
        outcome = await merchant.run(first=day_after, last=day_after, pull=False, as_of=None)
        unsigned = outcome.unsigned
        with ready_store(config) as store:
            assert [signed.account for signed in workbooks.standing(store)] == ["jp"]
            again = unsign(config, store, Findings(), outcome.run_id or 0, clock)
            assert again == unsigned, "a run that was cut before it could tell tells it when its report is made again"
            assert audit.prove(store, ()) == []
        with pytest.raises(JobError, match="no account has the same range in both"):
            runs_diff(config, 1, 2)
    assert [(one.account, one.words.partition(":")[0]) for one in unsigned] == [("th", "th")]
    assert "jp: " not in unsigned[0].words


@pytest.mark.proof  # the suite has it of one account, above
async def test_two_runs_of_a_range_beside_each_other(tmp_path: Path) -> None:
    async with finished_job(tmp_path) as (merchant, first):
        correct_an_order(merchant)
        second = await merchant.run()
        assert first.run_id
        assert second.run_id
        found = runs_diff(settings(merchant), first.run_id, second.run_id)
        th = next(one for one in found["accounts"] if one["account"] == "th")
        assert [one["what"] for one in th["breaks"]] == ["closed"]
        jp = next(one for one in found["accounts"] if one["account"] == "jp")
        assert jp["figures"] == jp["breaks"] == []
        other = await merchant.run(first=LAST, accounts=("th",))
        assert other.run_id
        with pytest.raises(JobError, match="no account has the same range in both"):
            runs_diff(settings(merchant), first.run_id, other.run_id)


@pytest.mark.usefixtures("judged_once")
async def test_the_commands_exit_as_the_contract_says(merchant: Job, written: Written) -> None:
    outcome, path = written.outcome, written.path

    def said(*words: str) -> int:
        return CliRunner().invoke(app, ["--config", str(merchant.config), *words]).exit_code

    assert said("verify", str(path), "--audit", "--json") == 0
    assert said("sign", str(path), "--as", "preparer", "--by", "Mei") == 2, "critical breaks are open"
    assert said("sign", str(path), "--as", "preparer", "--by", "Mei", "--reason", WHY) == 0
    assert said("runs", "diff", str(outcome.run_id), str(outcome.run_id)) == 0
    rewritten(path, {})
    assert said("verify", str(path)) == 1
    assert said("verify", str(merchant.config)) == said("verify") == said("sign", str(path), "--as", "boss") == 2
