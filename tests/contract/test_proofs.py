"""Every difference of a proof stands in its items, a ruling among them; what nothing explains is its own break."""

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.command import Outcome, recon, run_arguments
from tests.contract.files import environment, write_world
from tests.contract.objects import object_id, stamp
from tests.contract.server import FakeOmise
from tests.contract.world import FIRST, LAST, NOW, World

DAY = timedelta(days=1)
PROOF_KEYS = ["name", "left", "right", "difference", "explained", "currency", "items"]
STATUSES = ("open", "acknowledged", "pending_approval", "resolved", "written_off", "auto_closed")


class Night:
    """A merchant's folder, and the commands in it."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder

    def recon(self, *arguments: str) -> Outcome:
        return recon(self.folder, environment(self.world), *arguments)

    def run(self, *more: str, code: int = 0, **when: str) -> dict[str, Any]:
        """The account's part of the document."""
        outcome = self.recon(*run_arguments(*more, **when))
        assert outcome.code == code, outcome.words
        (account,) = outcome.json()["accounts"]
        for proof in account["proof"]:
            assert list(proof) == PROOF_KEYS
            assert sum(item["amount"] for item in proof["items"]) == proof["explained"]
        return account  # type: ignore[no-any-return]

    def breaks(self, **wanted: str) -> list[dict[str, Any]]:
        every = [word for status in STATUSES for word in ("--status", status)]
        rows = self.recon("breaks", "list", "--json", *every).json()["breaks"]
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    def setting(self, text: str) -> None:
        file = self.folder / "config.toml"
        file.write_text(file.read_text(encoding="utf-8") + f"\n{text}\n", encoding="utf-8")
        tomllib.loads(file.read_text(encoding="utf-8"))


@contextmanager
def night(folder: Path, plant: Callable[[World], None], *settings: str) -> Iterator[Night]:
    world = World("proofs")
    world.settings += settings
    plant(world)
    world.finish()
    with FakeOmise(list(world.accounts.values()), NOW) as omise:
        write_world(world, folder, omise.url)
        yield Night(world, folder)


def proof_of(account: dict[str, Any], name: str) -> dict[str, Any]:
    (proof,) = (proof for proof in account["proof"] if proof["name"] == name)
    return proof  # type: ignore[no-any-return]


def off(account: dict[str, Any]) -> list[str]:
    return [proof["name"] for proof in account["proof"] if proof["difference"] != proof["explained"]]


def words(account: dict[str, Any], name: str) -> list[str]:
    return [item["what"] for item in proof_of(account, name)["items"]]


def a_loan(world: World) -> None:
    th = world.account("th")
    th.sale()
    for number, amount in (("1", 50_000), ("2", 7_000)):
        th.transaction(amount, "debit", "loan.payment.debit", object_id("loan", number), at=th.next_moment())


def test_a_debit_of_a_kind_that_nobody_knows_is_told(tmp_path: Path) -> None:
    with night(tmp_path, a_loan) as merchant:
        account = merchant.run("--fail-on", "medium", code=1)
        (told,) = merchant.breaks(code="transaction_unexplained")
        assert (told["actual"], told["severity"], told["status"]) == (-50_000, "medium", "open")
        (item,) = (i for i in proof_of(account, "charges_to_ledger")["items"] if "transaction_un" in i["what"])
        assert item == {"what": "open break transaction_unexplained", "count": 2, "amount": -57_000}
        assert off(account) == []
        merchant.recon("breaks", "resolve", told["id"], "--reason", "Omise lends us money")
        account = merchant.run("--fail-on", "medium")
        (what,) = (what for what in words(account, "charges_to_ledger") if "transaction_un" in what)
        assert what.startswith("transaction_unexplained, resolved by ")
        assert what.endswith(": Omise lends us money")
        assert off(account) == []


def two_orders_without_money(world: World) -> None:
    th = world.account("th")
    th.sale()
    th.order(4_000)
    th.order(5_000)
    th.charge(6_000)


LATER = [1, pytest.param(2, marks=pytest.mark.proof)]  # runs after what was decided


@pytest.mark.parametrize("runs", LATER)
def test_what_people_decided_stays_an_item_of_its_proof(tmp_path: Path, runs: int) -> None:
    with night(tmp_path, two_orders_without_money) as merchant:
        assert off(merchant.run()) == []
        first, second = sorted(merchant.breaks(code="charge_missing"), key=lambda row: row["expected"])
        assert merchant.recon("breaks", "resolve", first["id"], "--reason", "paid in cash").code == 0
        assert merchant.recon("breaks", "write-off", second["id"], "--reason", "goodwill").code == 0
        account = merchant.run()
        assert off(account) == []
        items = {i["what"].split(" by ")[0]: i for i in proof_of(account, "orders_to_charges")["items"]}
        assert items["charge_missing, resolved"]["amount"] == -4_000
        assert items["charge_missing, written off"]["amount"] == -5_000
        assert items["charge_missing, written off"]["what"].endswith(": goodwill")
        # Nobody finds them any more: what was decided still explains its amount, in every later run of the range.
        merchant.setting("[rules.charge_missing]\nenabled = false")
        for _ in range(runs):
            account = merchant.run()
            assert off(account) == []
            assert [w for w in words(account, "orders_to_charges") if "written off by" in w]
        assert {row["status"] for row in merchant.breaks(code="charge_missing")} == {"auto_closed"}
        assert "its rule is switched off" in merchant.recon("breaks", "show", second["id"], "--json").out


def a_charge_of_nobody(world: World) -> None:
    th = world.account("th")
    th.sale()
    th.charge(6_000, at=th.next_moment())


def test_a_rest_that_no_break_tells_is_a_break_of_its_proof(tmp_path: Path) -> None:
    off_rule = "[rules.order_missing]\nenabled = false"
    with night(tmp_path, a_charge_of_nobody, off_rule) as merchant:
        account = merchant.run("--fail-on", "high", code=1)
        assert off(account) == ["orders_to_charges"]
        (told,) = merchant.breaks(code="proof_unexplained")
        assert told["subject_type"] == "proof"
        assert told["subject_id"] == f"orders_to_charges:THB:{FIRST}:{LAST}"
        assert (told["difference"], told["amount_at_risk"], told["currency"]) == (6_000, 6_000, "THB")
        # A wider range is told by it; one that does not cover its days cannot close it.
        wider = str(LAST + DAY)
        later = stamp(NOW + DAY)
        merchant.run(last=wider, as_of=later)
        merchant.run(first=wider, last=wider, as_of=later)
        (told,) = merchant.breaks(code="proof_unexplained")
        assert told["status"] == "open"
        # Somebody decides: it is an item, and the proof ties.
        assert merchant.recon("breaks", "resolve", told["id"], "--reason", "a test of ours").code == 0
        account = merchant.run(as_of=later)
        assert off(account) == []
        assert [w for w in words(account, "orders_to_charges") if w.startswith("proof_unexplained, resolved by")]


def test_a_proof_that_ties_again_closes_its_break(tmp_path: Path) -> None:
    off_rule = "[rules.order_missing]\nenabled = false"
    with night(tmp_path, a_charge_of_nobody, off_rule) as merchant:
        merchant.run()
        config = merchant.folder / "config.toml"
        config.write_text(config.read_text(encoding="utf-8").replace("enabled = false", ""), encoding="utf-8")
        merchant.run(as_of=stamp(NOW + DAY))
        assert [row["status"] for row in merchant.breaks(code="proof_unexplained")] == ["auto_closed"]
        assert [row["status"] for row in merchant.breaks(code="order_missing")] == ["open"]


def an_order_and_a_charge_days_apart(world: World) -> None:
    th = world.account("th")
    th.sale()
    at = th.next_moment()
    th.order(6_000, at=at)
    th.charge(6_000, at=at + 5 * DAY)


@pytest.mark.parametrize("runs", LATER)
def test_a_link_by_hand_is_an_item_with_who_and_why(tmp_path: Path, runs: int) -> None:
    with night(tmp_path, an_order_and_a_charge_days_apart) as merchant:
        merchant.run()
        (order,) = merchant.breaks(code="charge_missing")
        (charge,) = merchant.breaks(code="order_missing")
        linking = ("breaks", "link", order["id"], order["order_id"], charge["charge_id"], "--reason", "by phone")
        assert merchant.recon(*linking).code == 0
        for _ in range(runs):
            account = merchant.run()
            assert off(account) == []
            (item,) = (
                i for i in proof_of(account, "orders_to_charges")["items"] if i["what"].startswith("linked by")
            )
            assert (item["what"].endswith(": by phone"), item["count"], item["amount"]) == (True, 1, 0)
