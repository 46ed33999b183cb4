"""The road as a whole: what it finds, that running again changes nothing, what it says when something is wrong."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import JobError
from jobs.run.pulled import Pulled
from jobs.run.pulling import pull_account
from recon.rules import RULE_OF
from recon.store.runs.record import list_breaks
from tests.kit.job import clock, finished_job, found, job, judged_as, rows_of, truth
from tests.kit.small_merchant import DAY, MIDNIGHT, charged, night, omise_says, open_breaks, shop_says
from tests.kit.small_merchant import merchant as merchant_of
from tests.kit.store_samples import HOUR

VERSIONED = ("charge", "refund", "transfer", "transaction", "dispute", "order", "receipt")


@pytest.mark.proof  # the suite has it of the world of tests/recon/settlement/test_worlds.py
@pytest.mark.parametrize("seed", [501, 502])
async def test_it_finds_what_was_planted_and_nothing_else(tmp_path: Path, seed: int) -> None:
    async with job(tmp_path, seed, accounts=("th", "sg", "jp", "my"), orders=160) as merchant:
        outcome = await merchant.run()
        assert outcome.complete
        assert found(merchant.breaks()) == truth(merchant.world)


@pytest.mark.parametrize("accounts", [("th",), pytest.param(("th", "jp"), marks=pytest.mark.proof)])
async def test_the_same_range_again_changes_nothing(tmp_path: Path, accounts: tuple[str, ...]) -> None:
    async with finished_job(tmp_path, accounts) as (merchant, first):
        before = {table: merchant.rows(table) for table in (*VERSIONED, "break", "break_event")}
        bytes_before = [path.read_bytes() for path in first.reports]
        second = await merchant.run(report=True)
        assert {table: merchant.rows(table) for table in before} == before
        assert [path.read_bytes() for path in second.reports] == bytes_before
        assert [result.breaks_new for result in second.results] == [0] * len(accounts)


async def test_plain_files_are_of_every_account_and_of_all_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with finished_job(tmp_path) as (merchant, first):
        judged_as(first, monkeypatch)
        outcome = await merchant.run(pull=False, record=False, report=True, format="csv", as_of=None)
        folders = {path.parent.name.split("_")[1] for path in outcome.reports if path.name == "Summary.csv"}
        assert (outcome.messages, folders) == ((), {"th", "jp", "group"})


async def test_what_was_known_earlier_can_be_judged_again_and_closes_nothing(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        then = clock()
        merchant.orders("th").write_text(
            merchant.orders("th").read_text(encoding="utf-8").replace(",paid,", ",pending,")
        )
        await merchant.run(as_of=clock())
        before = merchant.rows("break")
        links = merchant.rows("match")
        known_then = await merchant.run(pull=False, as_of=then)
        assert [result.orders > 0 for result in known_then.results] == [True]
        assert merchant.rows("break") == before
        assert merchant.rows("match") == links


@pytest.mark.parametrize("record", [True, False], ids=["run", "report"])
async def test_days_that_nobody_pulled_are_not_complete(tmp_path: Path, record: bool) -> None:
    config = merchant_of(tmp_path, "", charged("chrg_1"))
    outcome = await night(config, MIDNIGHT + 2 * DAY, date(2025, 1, 1), record=record)
    [message] = outcome.messages
    assert message.startswith('account "th": none of these days was ever pulled: recon pull does it')
    assert not outcome.complete


@pytest.mark.parametrize("record", [True, False], ids=["run", "report"])
async def test_a_moment_before_anything_was_known_is_refused_and_replaces_nothing(
    tmp_path: Path, record: bool
) -> None:
    async with finished_job(tmp_path) as (merchant, first):
        files = {path: path.read_bytes() for path in first.reports}
        runs = merchant.rows("run")
        with pytest.raises(
            JobError, match="nothing was known of account th then; the first was stored at 20"
        ) as error:
            await merchant.run(pull=False, record=record, report=True)
        assert "account jp" in str(error.value)
        assert {path: path.read_bytes() for path in first.reports} == files
        assert merchant.rows("run") == runs


async def test_a_moment_that_has_not_come_is_refused(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        runs = merchant.rows("run")
        for pull in (True, False):
            with pytest.raises(JobError, match="--as-of 2062-01-01T00:00:00\\+00:00 is later than now"):
                await merchant.run(pull=pull, as_of=datetime(2062, 1, 1, tzinfo=UTC))
        assert merchant.rows("run") == runs


async def test_one_account_alone_is_judged_as_it_is_among_all(tmp_path: Path) -> None:
    async with finished_job(tmp_path) as (merchant, both):
        [alone] = (await merchant.run(accounts=("jp",))).results
        for what in ("orders", "charges", "matched_orders", "match_rate"):
            assert getattr(alone, what) == getattr(both.results[1], what)
        assert found(merchant.breaks()) == truth(merchant.world)


@pytest.mark.proof
async def test_accounts_one_after_another_are_judged_as_all_together(tmp_path: Path) -> None:
    async with job(tmp_path) as merchant:
        await merchant.run(accounts=("jp",))
        assert found(merchant.breaks()) >= {
            key for key in truth(merchant.world) if key[1] == "jp" and key[0] != "wrong_account"
        }
        await merchant.run(accounts=("th",))
        await merchant.run(accounts=("jp",))
        assert found(merchant.breaks()) == truth(merchant.world)


async def test_a_break_closes_when_the_shop_corrects_its_order_and_reopens_under_the_same_id(tmp_path: Path) -> None:
    made = MIDNIGHT + DAY / 2
    paid = charged("chrg_1", amount=700, created_at=made, paid_at=made, metadata='{"order_id": "A-1"}')
    unmarked = f"A-1,7.00,THB,pending,{made.isoformat()}\n"
    config = merchant_of(tmp_path, unmarked, paid)
    ids, statuses, outcomes = set(), [], []
    for says in (unmarked, unmarked.replace("pending", "paid"), unmarked):
        shop_says(config, says)
        outcomes.append(await night(config, MIDNIGHT + 2 * DAY, date(2026, 3, 3)))
        store = open_ready_store(config)
        [known] = [known for known in list_breaks(store) if known.latest.code == "order_not_marked_paid"]
        store.dispose()
        ids.add(known.latest.id)
        statuses.append(str(known.status))
    assert statuses == ["open", "auto_closed", "open"]
    assert len(ids) == 1
    assert [outcome.results[0].breaks_closed for outcome in outcomes] == [0, 1, 0]
    words = [row[6] for row in rows_of(tmp_path, "break_event")]
    assert words.count("auto_closed") == words.count("reopened") == 1


async def test_a_look_at_the_past_leaves_what_came_since_to_the_next_night(tmp_path: Path) -> None:
    made = MIDNIGHT + DAY / 2
    paid = charged("chrg_1", amount=700, created_at=made, paid_at=made, metadata='{"order_id": "A-1"}')
    config = merchant_of(tmp_path, "", charged("chrg_0", "failed"))
    await night(config, MIDNIGHT + 2 * DAY, date(2026, 3, 3))
    omise_says(config, MIDNIGHT + 2 * DAY + HOUR, paid)
    shop_says(config, f"A-2,5.00,THB,paid,{made.isoformat()}\n")
    await night(config, MIDNIGHT + 2.5 * DAY, date(2026, 3, 3), as_of=MIDNIGHT + 2 * DAY)
    assert open_breaks(config) == set()
    await night(config, MIDNIGHT + 3 * DAY, date(2026, 3, 4))
    assert open_breaks(config) == {"order_missing chrg_1", "charge_missing A-2"}


async def test_yesterdays_report_does_not_undo_todays_work(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        before = merchant.rows("break")
        past = merchant.world.as_of.replace(day=merchant.world.as_of.day - 2)
        await merchant.run(as_of=past)
        assert [row for row in merchant.rows("break") if row in before] == before


async def test_a_wrong_key_is_refused_before_anything_runs(tmp_path: Path) -> None:
    async with job(tmp_path) as merchant:
        (tmp_path / "keys" / "jp").write_text("skey_test_of_nobody", encoding="utf-8")
        with pytest.raises(JobError, match=r'account "jp": Omise refused the key') as error:
            await merchant.run()
        assert "of_nobody" not in str(error.value)
        assert merchant.rows("charge") == []


@pytest.mark.parametrize(("field", "value"), [("country", "TW"), ("currency", "USD")])
async def test_another_account_than_the_configured_one_is_refused(tmp_path: Path, field: str, value: str) -> None:
    async with job(tmp_path) as merchant:
        merchant.server.say("th", "account", {field: value})
        with pytest.raises(JobError, match=f"account says {value}"):
            await merchant.run()


async def test_a_store_never_mixes_test_and_live(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        merchant.server.say("th", "account", {"livemode": True})
        with pytest.raises(JobError, match="test"):
            await merchant.run()


async def test_no_orders_file_ends_the_run_and_says_which(tmp_path: Path) -> None:
    async with job(tmp_path) as merchant:
        for file in (tmp_path / "orders").glob("*.csv"):
            file.unlink()
        with pytest.raises(JobError, match=r"orders.*\*\.csv"):
            await merchant.run()


async def test_an_unreadable_orders_file_keeps_the_pull_and_accuses_nobody(tmp_path: Path) -> None:
    async with job(tmp_path) as merchant:
        merchant.orders("th").write_text("", encoding="utf-8")
        outcome = await merchant.run()
        assert not outcome.complete
        assert "orders_th.csv" in outcome.messages[0]
        assert merchant.rows("charge")
        groups = {RULE_OF[row["code"]].group for row in merchant.breaks()}
        assert "Ledger and fees" in groups, "what has nothing to do with orders is judged"
        assert "Order and charge" not in groups
        assert [result.match_rate for result in outcome.results] == [None, None]
        waiting = [words for result in outcome.results for words in result.notes if "may stand in a file" in words]
        assert len(waiting) == 2


async def test_a_header_without_rows_is_fine(tmp_path: Path) -> None:
    config = merchant_of(tmp_path, "", charged("chrg_1", paid_at=MIDNIGHT, created_at=MIDNIGHT))
    outcome = await night(config, MIDNIGHT + 2 * DAY, date(2026, 3, 3))
    assert outcome.complete
    assert open_breaks(config) == {"order_missing chrg_1"}


async def test_one_accounts_failure_does_not_stop_the_others(tmp_path: Path) -> None:
    async with job(tmp_path) as merchant:
        merchant.config.write_text(
            merchant.config.read_text(encoding="utf-8") + '\n[accounts.my]\nregion = "MY"\ncurrency = "MYR"\n'
            'timezone = "Asia/Kuala_Lumpur"\nsecret_key = { file = "keys/th" }\n',
            encoding="utf-8",
        )
        with pytest.raises(JobError, match=r"accounts\.my"):
            await merchant.run()


@pytest.mark.parametrize("again", [False, pytest.param(True, marks=pytest.mark.proof)])
async def test_an_order_whose_charge_may_lie_in_an_account_that_failed_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    async def fails(context: Any, account: Any, *rest: Any) -> Pulled:
        if account.name == other:
            return Pulled(account, "nobody answers")
        return await pull_account(context, account, *rest)

    async with job(tmp_path, orders=40) as merchant:
        elsewhere = next(plant for plant in merchant.world.truth if plant.code == "wrong_account")
        other = "jp" if elsewhere.account == "th" else "th"
        with monkeypatch.context() as patched:
            patched.setattr("jobs.run.stages.pull_account", fails)
            outcome = await merchant.run()
        assert not outcome.complete
        assert elsewhere.subject_id not in {known["subject_id"] for known in merchant.breaks()}
        [result] = outcome.results
        assert result.notes["orders of days that were not pulled"] > 0
        if again:
            await merchant.run()
            assert found(merchant.breaks()) == truth(merchant.world)
