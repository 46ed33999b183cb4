"""Builds the worlds of the cases, runs the product on each once, and keeps what it raised for the tests."""

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from tests.contract import (
    cases_bank,
    cases_charges,
    cases_later,
    cases_ledger,
    cases_links,
    cases_orders,
    cases_refunds,
    cases_rows,
    cases_settlement,
)
from tests.contract.case import ANY, CASES, Expected
from tests.contract.command import Outcome, recon, run_arguments
from tests.contract.files import environment, write_world
from tests.contract.objects import stamp
from tests.contract.server import FakeOmise
from tests.contract.world import NOW, ORDER_COLUMNS, World
from tests.kit.made_once import made_once

MODULES = (
    cases_bank,
    cases_charges,
    cases_later,
    cases_ledger,
    cases_links,
    cases_orders,
    cases_refunds,
    cases_rows,
    cases_settlement,
)
IDS = ("subject_id", "order_id", "charge_id", "refund_id", "transfer_id", "transaction_id", "dispute_id")
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Judged:
    """A world after its run: what each case expected, and every break with the case that it belongs to."""

    owners: dict[str, str]  # which case planted what
    elsewhere: dict[tuple[str, str], str]  # (account, code) that one case alone judges
    expected: dict[str, list[Expected]]
    runs: list[Outcome]
    breaks: list[dict[str, Any]]
    breaks_of_first_run: list[dict[str, Any]]
    again: Outcome | None  # the second night once more, with --fail-on high

    def of_case(self, name: str) -> list[dict[str, Any]]:
        """The breaks of a case, but those that another case judges for the whole account."""
        return [
            row
            for row in self.breaks
            if owner(self.owners, row) == name and self.elsewhere.get((row["account"], row["code"]), name) == name
        ]


def owner(owners: Mapping[str, str], row: dict[str, Any]) -> str:
    """Which case a break tells of: by its subject, else by an id or a source that it names, else by its account."""
    for name in [*(row[key] for key in IDS), *WORD.findall(row["explanation"])]:
        if name in owners:
            return owners[name]
    return owners.get(row["account"], "nobody")


def as_expected(owners: Mapping[str, str], row: dict[str, Any]) -> Expected:
    subject = row["subject_id"] if row["subject_id"] in owners else ANY
    return Expected(row["code"], subject, row["severity"])


def plant_cases(world: World) -> dict[str, list[Expected]]:
    expected = {}
    for case in CASES.values():
        if case.world == world.name:
            with world.planting(case.name):
                expected[case.name] = case.plant(world)
    return expected


def sales_world() -> World:
    world = World("sales")
    for name, region in (("th", "TH"), ("th2", "TH"), ("sg", "SG"), ("jp", "JP"), ("my", "MY"), ("kr", "KR")):
        world.account(name, region)
    world.account("young", settings="go_live = 2026-09-08")
    for name in ("old", "lately", "veteran", "hidden"):
        world.account(name)
    world.account("live", live=True)
    overdue = "old_charge_named_by_an_order_beside_sales_paid_out_since"
    world.elsewhere["old", "settlement_overdue"] = overdue
    plain = tuple(name for name in ORDER_COLUMNS if name not in ("refunded_amount", "payment_method", "charge_id"))
    world.source("plain", "").columns = plain
    world.source("split", "split_payments = true")
    world.source("patterned", "description_pattern = 'ref=([^;]+);'")
    world.source(
        "mixed", '[orders.mixed.ignore]\npayment_method = ["cod"]\n[orders.mixed.status]\npaid = ["Completed"]'
    )
    world.source("members", '[orders.members.columns]\ncustomer = "customer_email"').columns += ("customer_email",)
    world.settings += [
        '[privacy]\nhash_key = { env = "CONTRACT_HASH_KEY" }',
        "[currencies.KRW]\nexponent = 0",
        '[fees.my]\ncard = [{ brand = "", rate = "3.00", flat = "0", vat = "0", from = 2026-01-01 }]',
        '[matching]\namount_tolerance = { MYR = "1.00" }\namount_tolerance_percent = { SGD = "1" }\n'
        'charges_without_orders = { kinds = ["link", "schedule"], description = "^TOPUP " }',
    ]
    return world


WORLDS: dict[str, Callable[[], World]] = {
    "sales": sales_world,
    "bank": lambda: World("bank"),
    "later": lambda: World("later"),
    "more of the bank": lambda: World("more of the bank"),
}
PROOFS = ("more of the bank",)  # worlds for `make proof` alone


@cache
def judged(name: str) -> Judged:
    result: Judged = made_once(f"contract {name}", partial(judge, name))
    return result


def judge(name: str) -> Judged:
    world = WORLDS[name]()
    expected = plant_cases(world)
    world.finish()
    with tempfile.TemporaryDirectory() as temporary, FakeOmise(list(world.accounts.values()), NOW) as omise:
        folder = Path(temporary)
        write_world(world, folder, omise.url)
        opening = ["--opening", "opening.csv"] if world.opening else []
        runs = [recon(folder, secrets(world), *run_arguments(*opening))]
        breaks = [open_breaks(folder, world)]
        if world.two_nights:
            world.happen()
            omise.now = NOW + timedelta(days=1)
            write_world(world, folder, omise.url)
            second = run_arguments(as_of=stamp(omise.now), first="2026-09-18", last="2026-09-19")
            runs.append(recon(folder, secrets(world), *second))
            breaks.append(open_breaks(folder, world))
            again = recon(folder, secrets(world), *second, "--fail-on", "high")
            return Judged(world.owners, world.elsewhere, expected, runs, breaks[-1], breaks[0], again)
    return Judged(world.owners, world.elsewhere, expected, runs, breaks[-1], breaks[0], None)


def secrets(world: World) -> dict[str, str]:
    return {**environment(world), "CONTRACT_HASH_KEY": "a key of at least thirty-two characters, for tests"}


def open_breaks(folder: Path, world: World) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = recon(folder, secrets(world), "breaks", "list", "--json").json()["breaks"]
    return rows


def mark(world: str) -> tuple[pytest.MarkDecorator, ...]:
    return (pytest.mark.proof,) if world in PROOFS else ()


def each_world() -> list[object]:
    return [pytest.param(name, marks=mark(name)) for name in WORLDS]
