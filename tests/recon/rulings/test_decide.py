"""The work on breaks as people and scripts meet it: the commands over a job, and what a later run makes of them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs.cli.answers.documents import has_open_break
from jobs.cli.app import app
from jobs.config import config as configuration
from jobs.desk.actions import prove_audit
from recon.model.rulings import ApprovalLimits
from tests.kit.job import FIRST, LAST, Job, finished_job

UNTIL = str(datetime.now(UTC).date() + timedelta(days=30))
DAYS = ("--from", str(FIRST), "--to", str(LAST))


class Desk:
    """The commands over one merchant's configuration."""

    def __init__(self, merchant: Job) -> None:
        self.merchant = merchant

    def says(self, *words: str, code: int = 0) -> str:
        """What a command prints, on either stream."""
        result = CliRunner().invoke(app, ["--config", str(self.merchant.config), *words], env={"RECON_USER": "malee"})
        assert result.exit_code == code, result.output
        return result.output

    def document(self, *words: str) -> Any:
        return json.loads(self.says(*words, "--json").splitlines()[-1])

    def a_break(self, code: str, account: str = "th") -> dict[str, Any]:
        """The first break of a code."""
        return next(one for one in self.merchant.breaks() if (one["code"], one["account"]) == (code, account))

    def status(self, break_id: str) -> str:
        return str(self.document("breaks", "show", break_id)["status"])


async def test_a_link_by_hand_is_matched_so_by_the_next_run_and_closes_its_break(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        desk = Desk(merchant)
        order, charge = desk.a_break("charge_missing"), desk.a_break("order_missing")
        pair = (str(order["subject_id"]), str(charge["subject_id"]))
        limits = 'link_limit = { THB = "100000.00" }\n'
        merchant.config.write_text(merchant.config.read_text(encoding="utf-8") + limits, encoding="utf-8")

        answer = desk.document("breaks", "link", order["id"], *pair, "--by", "malee")
        assert (answer["became"], answer["status"]) == ("applied", "resolved")
        await merchant.run()
        links = desk.document("matches", "list", *DAYS)["matches"]
        by_hand = [one for one in links if one["matched_by"] == "by hand"]
        assert [(one["order_id"], one["charge_id"]) for one in by_hand] == [pair]
        shown = desk.document("breaks", "show", order["id"])
        assert [event["what"] for event in shown["events"]] == ["opened", "linked", "auto_closed"]
        assert [desk.status(one["id"]) for one in (order, charge)] == ["auto_closed", "auto_closed"]

        before = [merchant.rows(name) for name in ("break", "ruling", "match", "audit")]
        await merchant.run()
        assert [merchant.rows(name) for name in ("break", "ruling", "match", "audit")] == before
        [act], heads = merchant.rows("audit"), [row[-1] for row in merchant.rows("run")]
        assert heads == [None, act[-1], act[-1]], "ordinary runs add nothing to the audit log, and record its head"

        desk.says("breaks", "undo", order["id"], "--by", "niran")
        await merchant.run()
        assert desk.status(order["id"]) == "open"
        assert "by hand" not in desk.says("matches", "list", *DAYS)
        assert prove_audit(configuration.load(merchant.config, {})) == []


async def test_a_link_falls_visibly_when_its_order_changes(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        desk = Desk(merchant)
        order, charge = desk.a_break("charge_missing"), desk.a_break("order_missing")
        limits = 'link_limit = { THB = "100000.00" }\n'
        merchant.config.write_text(merchant.config.read_text(encoding="utf-8") + limits, encoding="utf-8")
        desk.says("breaks", "link", order["id"], order["subject_id"], charge["subject_id"])
        await merchant.run()

        file = merchant.orders("th")
        line = next(one for one in file.read_text("utf-8").splitlines() if one.startswith(order["subject_id"] + ","))
        cells = line.split(",")
        at = file.read_text("utf-8").splitlines()[0].split(",").index("amount")
        cells[at] = "77.00"
        file.write_text(file.read_text("utf-8").replace(line, ",".join(cells)), encoding="utf-8")
        await merchant.run()
        shown = desk.document("breaks", "show", order["id"])
        assert shown["status"] == "open"
        assert [event["what"] for event in shown["events"]] == ["opened", "linked", "auto_closed", "fell", "reopened"]
        assert "order 7700 THB" in shown["events"][3]["detail"]
        assert prove_audit(configuration.load(merchant.config, {})) == []


async def test_the_commands_rule_show_and_refuse(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        desk = Desk(merchant)
        name = desk.a_break("charge_missing")["id"]
        assert desk.says("breaks", "assign", name[:12], "--to", "niran").splitlines()[-1] == f"{name} is niran's"
        assert [one["id"] for one in desk.document("breaks", "list", "--owner", "niran")["breaks"]] == [name]
        desk.says("breaks", "note", name, "asked the shop")
        desk.says("breaks", "acknowledge", name, "--until", UNTIL, "--reason", "ships late")
        shown = desk.says("breaks", "show", name)
        for words in ("asked the shop", "ships late", UNTIL, "acknowledged", "niran"):
            assert words in shown
        assert "is already acknowledged" in desk.says("breaks", "acknowledge", name, "--until", UNTIL, code=2)
        desk.says("breaks", "resolve", name, "--reason", "paid_another_way")
        desk.says("breaks", "reopen", name)
        answer = desk.document("breaks", "write-off", name, "--reason", "small")
        assert answer["became"] in ("applied", "pending_approval")
        assert "there is nothing" not in desk.says("breaks", "undo", name)
        assert 'no break "brk_nothing"' in desk.says("breaks", "show", "brk_nothing", code=2)
        assert "could be" in desk.says("breaks", "note", "brk_", "x", code=2)
        assert "not known" in desk.says(
            "breaks", "ignore", "--code", "charge_mising", "--until", UNTIL, "--reason", "x", code=2
        )


async def test_a_pattern_holds_for_later_runs_and_fail_on_counts_only_what_nobody_knows(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, first):
        desk = Desk(merchant)
        codes = {one["code"] for one in merchant.breaks() if one["severity"] == "critical"}
        assert has_open_break(first, "critical")
        for code in codes:
            desk.says("breaks", "ignore", "--code", code, "--until", UNTIL, "--reason", "known")
        assert has_open_break(await merchant.run(), "critical"), "no pattern acts before a second person"
        for number in range(1, len(codes) + 1):
            desk.says("breaks", "approve", f"rul_{number}", "--by", "niran")
        again = await merchant.run()
        assert not has_open_break(again, "critical")
        assert has_open_break(again, "low")
        desk.says("breaks", "undo", "rul_1")
        assert has_open_break(await merchant.run(), "critical")


@pytest.mark.parametrize("command", ["assign", "resolve", "write-off", "acknowledge", "ignore"])
def test_what_a_command_needs_is_asked_for(command: str) -> None:
    result = CliRunner().invoke(app, ["breaks", command])
    assert result.exit_code == 2


def test_limits_are_said_in_the_currency_that_is_asked_about() -> None:
    limits = ApprovalLimits({"THB": 10_000}, {"THB": 1_000_000, "JPY": 500})
    assert limits.words("THB") == "write-offs up to THB 100.00; links up to THB 10,000.00"
    assert limits.words("JPY") == "no write-offs in JPY; links up to JPY 500"
    assert limits.words(None) == "write-offs up to THB 100.00; links up to THB 10,000.00, JPY 500"
    assert ApprovalLimits().words(None) == "no write-offs; no links"
