"""A planted world whose inputs get damaged, and the verdict over what the product then says.

A mutation is *right* where the breaks are the same as without it, *said* where the exit code is 2 or 3 with words
that name what is damaged, or where a break tells of it. It *accuses* where it is said, but breaks appear that are not
true, it *hides* where the run goes on without judging accounts that the damage does not touch (but for orders that
miss their charge, which may lie in the account that could not be pulled: these wait, and are said), and it is
*silent* where the result is another one and nobody was told.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from tests.contract.case import ANY
from tests.contract.cases_bank import MONDAY, payout
from tests.contract.command import Outcome, recon, run_arguments
from tests.contract.files import environment, write_world
from tests.contract.objects import Json
from tests.contract.server import FakeOmise
from tests.contract.world import NOW, Account, World

TOLD_BY = {"order_invalid", "bank_line_invalid", "source_incomplete"}
NOON = datetime(2026, 9, 12, 5, tzinfo=UTC)

Break = tuple[str, str, str]
Breaks = Counter[Break]
Change = Callable[["Base", Path], None]


class Base:
    """The world before its damage: three countries, three kinds of statement, a few planted breaks in each."""

    def __init__(self) -> None:
        self.world = World("mutations")
        self.th = self.world.account("th", "TH")
        self.sg = self.world.account("sg", "SG")
        self.my = self.world.account("my", "MY")
        self.sg.facts = replace(self.sg.facts, hold=self.th.facts.hold)
        self.sg.bank_kind, self.sg.bank_file = "mt940", "statement.sta"
        self.my.bank_kind, self.my.bank_file = "camt053", "statement.xml"
        self.world.omise_settings = 'deadline = "10s"'
        self.sales: dict[str, list[tuple[dict[str, str], Json]]] = {}
        self.transfers: dict[str, Json] = {}
        for account in (self.th, self.sg, self.my):
            self.plant(account)

    def plant(self, account: Account) -> None:
        account.pays_out = False
        self.sales[account.name] = [account.sale() for _ in range(4)]
        order, charge = self.sales[account.name][0]
        order["refunded_amount"] = order["amount"]
        account.refund(charge, charge["amount"])
        account.dispute(self.sales[account.name][1][1], status="won")
        account.order(account.next_amount(), at=NOON)
        account.charge(at=NOON)
        wrong, _ = account.sale(at=NOON)
        wrong["amount"] = "77.00"
        self.transfers[account.name] = payout(account, 1_000_000)
        account.credit(self.transfers[account.name])
        payout(account, 700_000)
        account.bank_line(MONDAY, 65_400)
        account.bank_line(MONDAY, -10_000, "RENT")


@dataclass(frozen=True)
class Mutation:
    """`change` damages the base world before its files are written, or (after = True) the files themselves."""

    name: str
    change: Change
    names: tuple[str, ...]
    after: bool
    tells: str
    never_right: bool
    account: str


MUTATIONS: dict[str, Mutation] = {}


def mutation(
    name: str,
    *names: str,
    after: bool = False,
    tells: str = "",
    never_right: bool = False,
    account: str = "",
) -> Callable[[Change], Change]:
    """Puts a mutation into the table.

    One of `names` must stand in the words of a run that ends with 2 or 3; `tells` are the codes of breaks that are
    true of the damaged object; `never_right`: the damage cannot be read over; `account`: the only one touched.
    """

    def register(change: Change) -> Change:
        if name in MUTATIONS:
            raise ValueError(f"two mutations are called {name}")
        MUTATIONS[name] = Mutation(name, change, names, after, tells, never_right, account)
        return change

    return register


@dataclass
class Verdict:
    """`lost` and `extra` are breaks less and more than without the damage, those that tell of it left out."""

    word: str
    code: int
    lost: Breaks
    extra: Breaks
    words: str = ""


def run_base(base: Base, folder: Path, mutated: Mutation | None) -> tuple[Outcome, Breaks]:
    if mutated and not mutated.after:
        mutated.change(base, folder)
    with FakeOmise(list(base.world.accounts.values()), NOW) as omise:
        write_world(base.world, folder, omise.url)
        if mutated and mutated.after:
            mutated.change(base, folder)
        outcome = recon(folder, environment(base.world), *run_arguments())
        listed = recon(folder, environment(base.world), "breaks", "list", "--json")
    rows = listed.json()["breaks"] if listed.code == 0 else []
    owned = {"order", "charge", "refund", "transfer", "transaction", "dispute", "account"}
    return outcome, Counter(
        (row["account"], row["code"], row["subject_id"] if row["subject_type"] in owned else ANY) for row in rows
    )


@cache
def truth() -> Breaks:
    folder = Path(tempfile.mkdtemp(prefix="contract-truth-"))
    outcome, breaks = run_base(Base(), folder, None)
    shutil.rmtree(folder)
    if outcome.code != 0:
        raise AssertionError(outcome.words)
    return breaks


def judge(mutated: Mutation, folder: Path) -> Verdict:
    outcome, breaks = run_base(Base(), folder, mutated)
    more = breaks - truth()
    telling = Counter({row: count for row, count in more.items() if row[1] in TOLD_BY | set(mutated.tells.split())})
    verdict = Verdict("silent", outcome.code, truth() - breaks, more - telling, outcome.words)
    named = outcome.code in (2, 3) and any(name in outcome.words for name in mutated.names)
    if not verdict.lost and not more and outcome.code == 0 and not mutated.never_right:
        verdict.word = "right"
    elif named or telling:
        verdict.word = "accuses" if verdict.extra else "said"
    waits = "orders of days that were not pulled" in outcome.words
    judged = {account for account, code, _ in verdict.lost if not (waits and code == "charge_missing")}
    if named and outcome.code == 3 and mutated.account and judged - {mutated.account}:
        verdict.word = "hides"
    return verdict
