"""The Excel desk from end to end: export, fill in, import, outcome; what is applied, refused, and known already."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from recon.model import BreakStatus, KnownBreak
from recon.store.engine import Store, open_store
from recon.store.runs.record import RunRecord, list_breaks
from tests.kit.desk import fill, rewritten, rows_of
from tests.kit.opened_store import opened_store
from tests.kit.recorded_runs import put_run
from tests.kit.report_example import known_break
from tests.kit.small_config import ONE_ACCOUNT, TRUSTED

UNTIL = datetime.now(UTC).date() + timedelta(days=30)
SOFFICE = shutil.which("soffice")


@dataclass(frozen=True)
class Desk:
    """A configuration with a store of breaks, and files beside it."""

    folder: Path
    store: Store

    def recon(self, *words: str | Path) -> tuple[int, str, str]:
        config = self.folder / "config.toml"
        result = CliRunner().invoke(app, ["--config", str(config), "rulings", *map(str, words)])
        assert "Traceback" not in result.output
        return result.exit_code, result.stdout, result.stderr

    def export(self, *options: str, name: str = "desk.xlsx") -> Path:
        code, out, _ = self.recon("export", self.folder / name, *options)
        assert (code, out.strip()) == (0, str(self.folder / name))
        return self.folder / name

    def take(self, path: Path, *options: str, by: str = "malee") -> tuple[int, dict[str, Any]]:
        code, out, _ = self.recon("import", path, "--by", by, "--json", *options)
        return code, json.loads(out)

    def breaks(self) -> dict[str, KnownBreak]:
        return {known.latest.id: known for known in list_breaks(self.store)}

    def put(self, *known: KnownBreak) -> None:
        now = datetime.now(UTC)
        run = RunRecord(now, now, now, "test", "run", {}, "0", "d", "complete", {})
        put_run(self.store, run, breaks=known)


def some_breaks(count: int = 6) -> list[KnownBreak]:
    """Breaks of amounts from 10 to 100 baht, then one of 5,000: above the limit for a write-off."""
    risks = [*(1_000 + 9_000 * number // max(1, count - 2) for number in range(count - 1)), 500_000]
    return [known_break("amount_mismatch", number, risk=risk) for number, risk in enumerate(risks)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "config.toml").write_text(ONE_ACCOUNT + TRUSTED, encoding="utf-8")
    opened_store(tmp_path / "var" / "recon.db")
    store = open_store(f"sqlite:///{tmp_path}/var/recon.db")
    made = Desk(tmp_path, store)
    made.put(*some_breaks())
    yield made
    store.dispose()


def by_break(path: Path, rulings: Mapping[str, Mapping[str, Any]]) -> Path:
    """Fill in the rows of these breaks."""
    return fill(path, *(rulings.get(row["Break"], {}) for row in rows_of(path)))


def ids(known: Sequence[KnownBreak]) -> list[str]:
    return [one.latest.id for one in known]


def outcomes(document: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {row["break_id"]: (row["outcome"], row["why"]) for row in document["rows"]}


def test_good_rows_are_applied_bad_ones_answered_and_the_rest_left_alone(desk: Desk) -> None:
    one, two, three, four, five, large = ids(some_breaks())
    path = by_break(
        desk.export(),
        {
            one: {"Ruling": "acknowledge", "Until": UNTIL, "Reason": "timing"},
            two: {"Ruling": "resolve", "Reason": "order corrected by hand"},
            three: {"Ruling": "assign", "Owner": "Somchai"},
            four: {"Ruling": "approve"},
            large: {"Ruling": "write off", "Reason": "no action needed"},
        },
    )
    code, document = desk.take(path)
    told = outcomes(document)
    assert code == 3
    assert {name: told[name][0] for name in told} == {
        one: "applied",
        two: "applied",
        three: "applied",
        four: "refused",
        five: "skipped",
        large: "pending_approval",
    }
    assert "waits for approval" in told[four][1]
    assert document["counts"] == {
        "applied": 3,
        "pending_approval": 1,
        "already_applied": 0,
        "refused": 1,
        "skipped": 1,
    }
    now = desk.breaks()
    assert [now[name].status.value for name in (one, two, three, four, large)] == [
        "acknowledged",
        "resolved",
        "open",
        "open",
        "pending_approval",
    ]
    assert now[three].owner == "Somchai"
    standing = now[one].standing
    assert standing is not None
    assert (standing.who, standing.until) == ("malee", UNTIL)
    rows = {row["Break"]: row for row in rows_of(desk.folder / "desk.outcome.xlsx", "Outcome")}
    assert {name: (row["Outcome"].replace(" ", "_"), row["Why"]) for name, row in rows.items()} == told


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    one, two, *_, large = ids(some_breaks())
    path = by_break(
        desk.export(),
        {
            one: {"Ruling": "resolve", "Reason": "refunded"},
            two: {"Ruling": "note", "Reason": "asked the shop"},
            large: {"Ruling": "write off", "Reason": "timing"},
        },
    )
    assert desk.take(path)[0] == 0
    before = desk.breaks()
    code, document = desk.take(path, by="somchai")
    assert code == 0
    assert document["counts"] == {
        "applied": 0,
        "pending_approval": 0,
        "already_applied": 3,
        "refused": 0,
        "skipped": 3,
    }
    assert "by malee" in outcomes(document)[one][1]
    assert desk.breaks() == before


def test_a_second_person_approves_through_the_desk_and_nobody_their_own(desk: Desk) -> None:
    large = ids(some_breaks())[-1]
    assert desk.take(by_break(desk.export(), {large: {"Ruling": "write off", "Reason": "timing"}}))[0] == 0
    path = by_break(desk.export(name="second.xlsx"), {large: {"Ruling": "approve"}})
    code, document = desk.take(path, by="Malee")
    assert (code, outcomes(document)[large][0]) == (3, "refused")
    code, document = desk.take(path, by="somchai")
    assert (code, outcomes(document)[large][0]) == (0, "applied")
    assert desk.breaks()[large].status is BreakStatus.WRITTEN_OFF


def test_a_row_that_changed_since_the_export_is_refused_and_says_how(desk: Desk) -> None:
    one = ids(some_breaks())[0]
    early = by_break(desk.export(), {one: {"Ruling": "resolve", "Reason": "refunded"}})
    late = by_break(desk.export(name="late.xlsx"), {one: {"Ruling": "assign", "Owner": "Somchai"}})
    assert desk.take(late, by="niran")[0] == 0
    code, document = desk.take(early)
    outcome, why = outcomes(document)[one]
    assert (code, outcome) == (3, "refused")
    assert "changed since" in why
    assert "niran" in why


def test_an_unknown_break_is_answered(desk: Desk) -> None:
    path = fill(desk.export(), {"Break": "brk_unknown", "Ruling": "note", "Reason": "x"})
    code, document = desk.take(path)
    assert code == 3
    assert outcomes(document)["brk_unknown"] == ("refused", 'there is no break "brk_unknown"')


def test_a_day_that_has_passed_is_answered(desk: Desk) -> None:
    yesterday = date.today() - timedelta(days=2)  # noqa: DTZ011 (two days ago is past in every zone)
    code, document = desk.take(fill(desk.export(), {"Ruling": "acknowledge", "Until": yesterday}))
    assert code == 3
    assert any("has passed" in row["why"] for row in document["rows"])


def test_only_what_is_not_closed_of_the_account_and_owner_is_exported(desk: Desk) -> None:
    one, two, *_ = ids(some_breaks())
    desk.take(
        by_break(
            desk.export(),
            {one: {"Ruling": "resolve", "Reason": "x"}, two: {"Ruling": "assign", "Owner": "Somchai"}},
        )
    )
    assert one not in {row["Break"] for row in rows_of(desk.export(name="all.xlsx"))}
    assert [row["Break"] for row in rows_of(desk.export("--owner", "Somchai", name="his.xlsx"))] == [two]
    assert len(rows_of(desk.export("--account", "th", name="th.xlsx"))) == 5
    code, _, err = desk.recon("export", desk.folder / "x.xlsx", "--account", "tx")
    assert code == 2
    assert '"tx" is not known' in err


def test_a_file_that_is_refused_as_a_whole_changes_nothing_and_says_why(desk: Desk) -> None:
    path = rewritten(fill(desk.export(), {"Ruling": "note", "Reason": "x"}), {"xl/vbaProject.bin": b"x"})
    before = desk.breaks()
    code, out, err = desk.recon("import", path)
    assert (code, out) == (2, "")
    assert "macros, which are never read" in err
    assert desk.breaks() == before
    assert not (desk.folder / "desk.outcome.xlsx").exists()


def test_what_may_be_filled_in_is_never_written_over(desk: Desk) -> None:
    path = desk.export()
    content = path.read_bytes()
    code, _, err = desk.recon("export", path)
    assert (code, path.read_bytes()) == (2, content)
    assert "may hold rulings" in err
    code, _, err = desk.recon("import", path, "--outcome", path)
    assert (code, path.read_bytes()) == (2, content)
    code, _, err = desk.recon("import", path, "--outcome", desk.folder / "none" / "out.xlsx")
    assert code == 2
    assert "there is no folder" in err
    assert desk.recon("import", desk.folder / "missing.xlsx")[0] == 2


def test_people_see_the_rows_that_need_them_and_the_counts(desk: Desk) -> None:
    path = fill(desk.export(), {"Ruling": "approve"}, {"Ruling": "note", "Reason": "x"})
    code, out, _ = desk.recon("import", path, "--outcome", desk.folder / "said.xlsx")
    assert code == 3
    assert "waits for approval" in out
    assert "already applied" in out
    assert out.strip().endswith("said.xlsx")
    assert (desk.folder / "said.xlsx").exists()


def test_some_hundred_rows_each_have_their_outcome(desk: Desk) -> None:
    many = [known_break("amount_mismatch", number, risk=100) for number in range(100, 300)]
    desk.put(*many)
    path = by_break(
        desk.export(),
        {name: {"Ruling": "write off", "Reason": "small change"} for name in ids(many)[::2]}
        | {name: {"Ruling": "resolve"} for name in ids(many)[1::2]},
    )
    code, document = desk.take(path)
    assert code == 3
    assert document["counts"] == {
        "applied": 100,
        "pending_approval": 0,
        "already_applied": 0,
        "refused": 100,
        "skipped": 6,
    }
    assert len(rows_of(desk.folder / "desk.outcome.xlsx", "Outcome")) == 206
    assert desk.take(path)[1]["counts"]["already_applied"] == 100


@pytest.mark.proof
@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed")
def test_a_file_that_libreoffice_saved_again_is_imported(desk: Desk) -> None:
    one, two, three, *_ = ids(some_breaks())
    path = by_break(
        desk.export(),
        {
            one: {"Ruling": "acknowledge", "Until": UNTIL},
            two: {"Ruling": "link", "Link order": "0000001", "Link charge": "chrg_test_5xuy000000000000001"},
            three: {"Ruling": "note", "Reason": "ชำระแล้ว <&> =1"},
        },
    )
    out, profile = desk.folder / "saved", f"-env:UserInstallation=file://{desk.folder}/profile"
    command = [str(SOFFICE), profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    _, document = desk.take(out / path.name)
    told = outcomes(document)
    assert [told[name][0] for name in (one, three)] == ["applied", "applied"]
    assert "order 0000001" in told[two][1]  # with its zeros, though no order of that id is known
    assert document["counts"]["skipped"] == 3
    assert desk.take(path)[1]["counts"]["already_applied"] == 2  # LibreOffice's copy and the original are one file
