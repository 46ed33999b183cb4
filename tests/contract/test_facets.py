"""What the contract says of breaks, runs and proofs beside the codes: ids, amounts, due dates, exit codes."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.command import ROOT, recon, run_arguments
from tests.contract.files import environment, write_world
from tests.contract.known_wrong import KNOWN_WRONG_FACETS, KNOWN_WRONG_PROOFS
from tests.contract.server import FakeOmise
from tests.contract.world import NOW, World
from tests.contract.worlds import PROOFS, WORLDS, each_world, judged

KEYS = """
id code severity status account region currency subject_type subject_id order_id charge_id refund_id transfer_id
transaction_id dispute_id expected actual difference amount_at_risk due_by first_seen last_seen age_days owner
explanation suggestion
"""
NEW_KEYS = "title occurred_on exposure"
RUN_KEYS = """
account from to orders charges refunds transfers transactions matched_orders match_rate breaks_open breaks_new
breaks_closed breaks_by_code currencies proof rejected_rows ignored_rows
"""
QUICK = [world for world in WORLDS if world not in PROOFS]
SUBJECT_IDS = {kind: f"{kind}_id" for kind in ("order", "charge", "refund", "transfer", "transaction", "dispute")}


def all_breaks() -> list[dict[str, Any]]:
    return [row for world in QUICK for row in judged(world).breaks]


def all_accounts() -> list[dict[str, Any]]:
    return [account for world in QUICK for account in judged(world).runs[0].json()["accounts"]]


def of_case(name: str, code: str) -> dict[str, Any]:
    """The break of that code that a case raised."""
    rows = [row for world in QUICK for row in judged(world).of_case(name) if row["code"] == code]
    return rows[0] if len(rows) == 1 else {}


def break_keys() -> bool:
    return all(set(row) >= set(KEYS.split()) for row in all_breaks())


def new_break_keys() -> bool:
    return all(set(row) >= set(NEW_KEYS.split()) for row in all_breaks())


def run_keys() -> bool:
    return all(set(account) >= set(RUN_KEYS.split()) for account in all_accounts())


def new_run_keys() -> bool:
    return all("waterfall" in account for account in all_accounts())


def proof_items() -> bool:
    return all("items" in proof for account in all_accounts() for proof in account["proof"])


def subject_has_its_own_key() -> bool:
    return all(
        row[SUBJECT_IDS[kind]] == row["subject_id"]
        for row in all_breaks()
        if (kind := row["subject_type"]) in SUBJECT_IDS
    )


def difference_is_actual_less_expected() -> bool:
    rows = [row for row in all_breaks() if None not in (row["expected"], row["actual"], row["difference"])]
    return len(rows) > 20 and all(row["difference"] == row["actual"] - row["expected"] for row in rows)


def amounts_of_a_short_charge() -> bool:
    row = of_case("charge_one_satang_short", "amount_mismatch")
    amounts = (row["expected"], row["actual"], row["difference"])
    return amounts == (123_457, 123_456, -1) and row["charge_id"] is not None


def amounts_of_a_short_credit() -> bool:
    row = of_case("unnamed_credit_four_per_cent_short", "bank_amount_mismatch")
    return bool(row["actual"] == row["expected"] * 96 // 100 and row["transfer_id"] == row["subject_id"])


def amounts_at_risk_are_never_negative() -> bool:
    return all(row["amount_at_risk"] is None or row["amount_at_risk"] >= 0 for row in all_breaks())


def due_by_of_an_open_dispute() -> bool:
    """reply_days = 7 from its start; none once it is answered."""
    opened, answered = (
        of_case("dispute_that_is_open", "dispute_open"),
        of_case("dispute_that_is_pending", "dispute_open"),
    )
    return opened["due_by"] is not None and answered["due_by"] is None


def order_and_charge_of_a_dispute() -> bool:
    row = of_case("dispute_that_is_open", "dispute_open")
    return bool(row["charge_id"] and row["order_id"] and row["dispute_id"])


def due_by_of_a_refund_that_is_owed() -> bool:
    """Where a refund is owed because of another break, that break carries due_by and says so."""
    cases = {
        "order_charged_twice": "duplicate_charge",
        "cancelled_order_with_successful_charge": "order_cancelled_but_charged",
    }
    return all(of_case(name, code)["due_by"] for name, code in cases.items())


def missing_and_unexplained_name_each_other() -> bool:
    name = "unnamed_credit_of_twice_as_much"
    missing, credit = of_case(name, "bank_credit_missing"), of_case(name, "bank_credit_unexplained")
    return missing["transfer_id"] in credit["explanation"] and "38,377.80" in missing["explanation"]


def ambiguous_order_names_all_candidates() -> bool:
    row = of_case("order_with_two_equally_good_charges", "match_ambiguous")
    charges = [key for key, case in judged("sales").owners.items() if case == "order_with_two_equally_good_charges"]
    return all(key in row["explanation"] for key in charges if key.startswith("chrg"))


def counts_by_code_equal_the_list() -> bool:
    for world in ("sales", "bank"):
        result = judged(world)
        counted: Counter[str] = Counter()
        for account in result.runs[0].json()["accounts"]:
            counted.update(account["breaks_by_code"])
        if counted != Counter(row["code"] for row in result.breaks):
            return False
    return True


def moments_are_as_of() -> bool:
    rows = [row for world in ("sales", "bank") for row in judged(world).breaks]
    return {(row["first_seen"], row["last_seen"]) for row in rows} == {
        ("2026-09-18T05:00:00Z", "2026-09-18T05:00:00Z")
    }


def a_break_keeps_its_id() -> bool:
    result = judged("later")
    ids = {(row["code"], row["account"], row["subject_id"]): row["id"] for row in result.breaks_of_first_run}
    kept = [(row["code"], row["account"], row["subject_id"]) for row in result.breaks]
    carried = [(key, row) for key, row in zip(kept, result.breaks, strict=True) if key in ids]
    return len(carried) >= 3 and all(ids[key] == row["id"] for key, row in carried)


def the_same_night_again_changes_nothing() -> bool:
    again = judged("later").again
    return again is not None and all(
        (account["breaks_new"], account["breaks_closed"]) == (0, 0) for account in again.json()["accounts"]
    )


def fail_on_ends_with_one_and_still_prints_its_document() -> bool:
    again = judged("later").again
    return again is not None and again.code == 1 and again.json()["status"] == "complete"


FACETS: tuple[Callable[[], bool], ...] = (
    break_keys,
    new_break_keys,
    run_keys,
    new_run_keys,
    proof_items,
    subject_has_its_own_key,
    difference_is_actual_less_expected,
    amounts_of_a_short_charge,
    amounts_of_a_short_credit,
    amounts_at_risk_are_never_negative,
    due_by_of_an_open_dispute,
    order_and_charge_of_a_dispute,
    due_by_of_a_refund_that_is_owed,
    missing_and_unexplained_name_each_other,
    ambiguous_order_names_all_candidates,
    counts_by_code_equal_the_list,
    moments_are_as_of,
    a_break_keeps_its_id,
    the_same_night_again_changes_nothing,
    fail_on_ends_with_one_and_still_prints_its_document,
)


@pytest.mark.parametrize("facet", FACETS, ids=lambda facet: facet.__name__)
def test_facet(facet: Callable[[], bool]) -> None:
    name, holds = facet.__name__, facet()
    assert holds != (name in KNOWN_WRONG_FACETS), f"{name}: {KNOWN_WRONG_FACETS.get(name, 'does not hold')}"


@pytest.mark.parametrize("world", each_world())
def test_every_difference_of_a_proof_is_explained(world: str) -> None:
    """An open break is an item of its proof, so nothing is left over; an untouched proof does not differ."""
    result = judged(world)
    left = {
        (result.owners.get(account["account"], account["account"]), proof["name"])
        for run in result.runs
        for account in run.json()["accounts"]
        for proof in account["proof"]
        if proof["difference"] != proof["explained"]
    }
    assert left == KNOWN_WRONG_PROOFS.get(world, set())


def test_known_wrong_facets_exist() -> None:
    assert set(KNOWN_WRONG_FACETS) <= {facet.__name__ for facet in FACETS}


@pytest.mark.proof
def test_a_process_of_its_own_says_the_same(tmp_path: Path) -> None:
    """What the other tests see in this process is what a shell sees: stdout, stderr's end and the exit code."""
    outcomes = []
    for folder in (tmp_path / "here", tmp_path / "there"):
        world = World("shell")
        world.account("th").sale()
        missing = world.account("th").order(51_000)
        with FakeOmise(list(world.accounts.values()), NOW) as omise:
            write_world(world, folder, omise.url)
            arguments = run_arguments("--fail-on", "high")
            if folder.name == "here":
                outcome = recon(folder, environment(world), *arguments)
                outcomes.append((outcome.code, outcome.json()["accounts"]))
            else:
                script = Path(sys.executable).with_name("recon")
                shell = {**os.environ, **environment(world), "PYTHONPATH": str(ROOT)}
                process = subprocess.run(
                    [str(script), *arguments], cwd=folder, env=shell, capture_output=True, text=True, check=False
                )
                outcomes.append((process.returncode, json_of(process.stdout)))
        assert missing["status"] == "paid"
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] == 1


def json_of(text: str) -> Any:
    return json.loads(text)["accounts"]
