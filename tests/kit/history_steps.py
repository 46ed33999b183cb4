"""What happens to a merchant of `break_histories`, step by step, and random sequences of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.kit.naive_cases import Charge, Order

BOTH = ("th", "tb")
CODES = (
    "charge_missing",
    "order_missing",
    "order_paid_charge_failed",
    "amount_mismatch",
    "order_cancelled_but_charged",
    "refund_unrecorded",
    "order_not_marked_paid",
)
RULINGS = {
    "resolve": 2,
    "write_off": 2,
    "acknowledge": 3,
    "link": 2,
    "undo": 4,
    "approve": 3,
    "reject": 2,
    "reopen": 2,
    "note": 1,
    "assign": 1,
}
PEOPLE = ("anna", "bob")


@dataclass(frozen=True)
class Wait:
    days: int


@dataclass(frozen=True)
class Say:
    """The shop has an order so from now on, or Omise a charge."""

    slot: int
    side: Order | Charge


@dataclass(frozen=True)
class Rule:
    """Somebody decides on one of the breaks, or asks to."""

    kind: str
    who: str
    pick: int
    days: int = 0


@dataclass(frozen=True)
class Pattern:
    code: str
    account: str | None
    match: str
    days: int
    who: str = "anna"


@dataclass(frozen=True)
class Decide:
    """A word on a pattern."""

    kind: str
    who: str
    pick: int


@dataclass(frozen=True)
class Run:
    """A run of some days, counted from the first. `as_of` and `versions_of`: an earlier run, by number, whose moment
    is now; with pulls, or of what was known then. `meanwhile` happens between its judging and its recording."""

    accounts: Sequence[str] = BOTH
    first: int = 0
    last: int = 5
    as_of: int | None = None
    versions_of: int | None = None
    again: bool = False
    signs: str = ""  # an account whose workbook is signed
    items: tuple[tuple[int, str, int, str], ...] = ()  # slot, kind, amount, note
    meanwhile: tuple["Act", ...] = ()


Act = Wait | Say | Rule | Pattern | Decide | Run


def random_acts(seed: int) -> list[Act]:
    """One sequence: what is said at first, what happens, and twice the same run in the end."""
    steps = Steps(Random(seed))
    acts: list[Act] = [steps.say(slot, side) for slot in range(7) for side in "oc" if steps.chance(0.85)]
    for _ in range(steps.random.randint(10, 20)):
        acts += steps.next()
    return [*acts, Run(again=True)]


class Steps:
    """Draws the next step."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.patterns = 0

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def say(self, slot: int, side: str) -> Say:
        """What the shop or Omise has, mostly what agrees."""
        pick = self.random.choice
        amount = 10_000 + 100 * slot
        if side == "o":
            status = pick(["paid"] * 4 + ["pending", "cancelled", "cancelled", "refunded"])
            back = {"refunded": amount, "paid": pick([0, 0, 0, 50])}.get(status, 0)
            return Say(slot, Order(status, pick([amount] * 4 + [amount + 5, 25_000]), back))
        status = pick(["successful"] * 4 + ["pending", "failed"])
        back = pick([0] * 4 + [50, amount]) if status == "successful" else 0
        return Say(slot, Charge(status, pick([amount] * 6 + [amount + 5]), back, slot % 3 != 2))

    def next(self) -> list[Act]:
        """A step, or two that belong together."""
        pick, drawn = self.random.choice, self.random.random()
        if drawn < 0.34:
            return [self.run()]
        if drawn < 0.42:
            return [Wait(pick([1, 1, 2, 4]))]
        if drawn < 0.58:
            return [self.say(self.random.randrange(7), pick("oc"))]
        if drawn < 0.87:
            return [self.rule()]
        return self.of_patterns()

    def rule(self) -> Act:
        return Rule(
            self.random.choices([*RULINGS], [*RULINGS.values()])[0],
            self.random.choice(PEOPLE),
            self.random.randrange(30),
            self.random.randint(0, 4),
        )

    def of_patterns(self) -> list[Act]:
        pick = self.random.choice
        if self.patterns and self.chance(0.4):
            return [
                Decide(
                    pick(["approve", "approve", "undo", "reject"]), pick(PEOPLE), self.random.randrange(self.patterns)
                )
            ]
        self.patterns += 1
        asked = Pattern(pick(CODES), pick([None, "th"]), pick(["", "A*", "*B*"]), self.random.randint(0, 4))
        return [asked, *([Decide("approve", "bob", self.patterns - 1)] if self.chance(0.6) else [])]

    def run(self) -> Run:
        pick = self.random.choice
        first = self.random.randint(0, 5)
        accounts = pick([BOTH, BOTH, ("th",), ("tb",)])
        kind = pick(["run"] * 5 + ["again", "as_of", "versions", "signs", "signs", "meanwhile", "items"])
        number = self.random.randint(0, 9)
        return Run(
            accounts,
            first,
            min(5, first + pick([0, 0, 1, 3])),
            as_of=number if kind == "as_of" else None,
            versions_of=number if kind == "versions" else None,
            again=kind == "again",
            signs=pick(accounts) if kind == "signs" else "",
            items=self.items() if kind == "items" else (),
            meanwhile=tuple(self.meanwhile()) if kind == "meanwhile" else (),
        )

    def items(self) -> tuple[tuple[int, str, int, str], ...]:
        pick = self.random.choice
        return tuple(
            (slot, pick(["order", "charge"]), pick([5, 10_000 + 100 * slot, 30_000]), pick(["old", "older"]))
            for slot in self.random.sample(range(7), 2)
        )

    def meanwhile(self) -> list[Act]:
        """What may happen while a run judges: people, and what a webhook brings."""
        if self.chance(0.3):
            return [self.say(self.random.randrange(7), "c")]
        return [self.rule() for _ in range(self.random.randint(1, 3))]
