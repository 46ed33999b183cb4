"""How sure the matching is: made worlds with known truth at three levels of noise; `make accuracy` runs it.

Writes benchmarks/ACCURACY.md. The worlds' seeds are used nowhere else, so nothing was fitted to them.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from recon import columns as c
from recon.matching import links, match
from recon.model import EXPECTS_CHARGE, Account, Books, Window
from recon.omise.objects import decode_object
from recon.omise.scrub import Scrub
from recon.privacy import HashKey
from recon.rules import CATALOGUE, case_rules, judge
from recon.sandbox.server.objects import body
from recon.sandbox.worlds.world import NOISES, World, make_world
from recon.settings import Context, MatchSettings
from recon.settlement import settle
from recon.triage import Judged, triage
from recon.triage.scope import Range, scope

PAPER = Path(__file__).parent / "ACCURACY.md"
SEEDS = range(90_001, 90_021)
FIRST, LAST = date(2026, 5, 4), date(2026, 5, 10)
ORDERS = 2_000
KEY = HashKey((b"accuracy",))
GROUP = "Order and charge"
CODES = [rule.code for rule in CATALOGUE if rule.group == GROUP and rule.code != "match_ambiguous"]
Pair = tuple[str, str, str, str]  # order's account, order, charge's account, charge
Subject = tuple[str, str, str]  # code, account, subject


@dataclass
class Score:
    """What was counted over the worlds of one level."""

    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong_links: Counter[str] = field(default_factory=Counter)  # by the code planted on one of its sides
    by_pass: Counter[str] = field(default_factory=Counter)
    wrong_by_pass: Counter[str] = field(default_factory=Counter)
    true_links: int = 0  # of charges that took money
    true_found: int = 0
    expecting: int = 0
    ambiguous: int = 0

    def recall(self, codes: Iterable[str]) -> str:
        """Right over planted."""
        return _share(sum(self.right[code] for code in codes), sum(self.planted[code] for code in codes))

    def precision(self, codes: Iterable[str]) -> str:
        """Right over found."""
        return _share(sum(self.right[code] for code in codes), sum(self.found[code] for code in codes))


def books_of(world: World) -> Books:
    """What the job would load at the moment of truth: decoded, scrubbed, customers hashed."""
    at, metadata = int(world.as_of.timestamp()), list(c.CHARGE.names).index(c.METADATA)
    scrub = Scrub(KEY, ("customer_email",))
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, known in world.books.items():
        for kind, things in (("charge", known.charges), ("refund", known.refunds), ("dispute", known.disputes)):
            for thing in things:
                if thing.created > at:
                    continue
                row = decode_object(kind, msgspec.json.encode(body(thing, at)), scrub)
                seen = {c.SEEN_AT: at * 1_000_000, c.FIRST_SEEN_AT: at * 1_000_000, c.ACCOUNT: name}
                values = dict(zip(c.KINDS[kind].names, row.values, strict=True)) | seen
                if kind == "charge":
                    said = msgspec.json.decode(str(row.values[metadata] or "{}"))
                    values |= {c.ORDER_REF: said.get("order_id"), c.CUSTOMER: said.get("customer_email")}
                rows[kind].append(values)
    orders = [_order(order) for order in world.orders if order.created <= at and order.method != "cod"]
    return Books(
        world.as_of,
        _frame(c.ORDERS, orders),
        _frame(c.CHARGES, rows["charge"]),
        _frame(c.REFUNDS, rows["refund"]),
        c.TRANSFERS.empty(),
        c.TRANSACTIONS.empty(),
        _frame(c.DISPUTES, rows["dispute"]),
        c.REJECTED.empty(),
    )


def _order(order: Any) -> dict[str, Any]:
    moment = order.created * 1_000_000
    return {
        c.ACCOUNT: order.account.name,
        c.ORDER_ID: order.id,
        c.SOURCE: "shop",
        c.STATUS: order.status,
        c.AMOUNT: order.amount,
        c.CURRENCY: order.currency,
        c.CREATED_AT: moment,
        c.REFUNDED_AMOUNT: order.refunded,
        c.PAYMENT_METHOD: order.method,
        c.CHARGE_ID: order.charge_id or None,
        c.CUSTOMER: KEY.hash(order.email),
        c.FILE: "orders.csv",
        c.FILE_HASH: "",
        c.ROW: 2,
        c.SEEN_AT: moment,
        c.FIRST_SEEN_AT: moment,
    }


def _frame(frame: c.Frame, rows: list[dict[str, Any]]) -> pd.DataFrame:
    empty = {one.name: False if one.dtype == c.FLAG else None for one in frame.columns}
    return frame.build({name: [row.get(name, empty[name]) for row in rows] for name in frame.names})


def judge_world(world: World, customers: bool) -> tuple[Judged, Context]:
    """The pure middle over one world, all of it judged."""
    known = books_of(world)
    if not customers:
        for frame in (known.orders, known.charges):
            frame[c.CUSTOMER] = pd.Series([None] * len(frame), dtype=c.TEXT)
    found = match(known.orders, known.charges, MatchSettings())
    accounts = {
        name: Account(name, one.account.region, one.account.currency, one.account.zone)
        for name, one in world.books.items()
    }
    ever = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    what = Range(accounts, dict.fromkeys(accounts, ever))
    context = Context(world.as_of, regions={name: account.region for name, account in accounts.items()})
    seen = scope(known, found, what)
    triaged = triage(known, found, seen, context, case_rules(context))
    return Judged(known, found, seen, triaged, settle(known, seen.charges, accounts, context), accounts), context


def add(score: Score, world: World, customers: bool) -> None:
    """Count one world."""
    judged, context = judge_world(world, customers)
    truth = {(one.code, one.account or "", one.subject_id) for one in world.truth if one.code in CODES}
    found = {(one.code, one.account or "", one.subject_id) for one in judge(judged.triage.cases, context)}
    for target, subjects in ((score.planted, truth), (score.found, found), (score.right, truth & found)):
        target.update(code for code, _, _ in subjects)
    _add_links(score, world, judged, truth)
    expects = judged.books.orders[c.STATUS].isin(list(EXPECTS_CHARGE)).to_numpy() & ~judged.triage.zero
    score.expecting += int(expects.sum())
    score.ambiguous += len(judged.matching.ambiguous)


def _add_links(score: Score, world: World, judged: Judged, truth: set[Subject]) -> None:
    frame = links(judged.books.orders, judged.books.charges, judged.matching)
    true_pairs = {(one.order_account, one.order_id, one.charge_account, one.charge_id) for one in world.links}
    of_charge = {pair[2:]: pair for pair in true_pairs}
    code_of = {(account, subject): code for code, account, subject in truth}
    made: dict[Pair, str] = {}
    for *ids, name in frame.itertuples(index=False, name=None):
        made[ids[0], ids[1], ids[2], ids[3]] = name
    for pair, name in made.items():
        score.by_pass[name] += 1
        if pair not in true_pairs:
            score.wrong_by_pass[name] += 1
            owner = of_charge.get(pair[2:])
            sides = (pair[:2], pair[2:], owner[:2] if owner else pair[2:])
            score.wrong_links[next((code_of[side] for side in sides if side in code_of), "")] += 1
    charges = judged.books.charges[c.took_money(judged.books.charges)]
    paid = set(zip(charges[c.ACCOUNT], charges[c.CHARGE_ID], strict=True))
    known = set(zip(judged.books.orders[c.ACCOUNT], judged.books.orders[c.ORDER_ID], strict=True))
    wanted = {pair for pair in true_pairs if pair[2:] in paid and pair[:2] in known}
    score.true_links += len(wanted)
    score.true_found += len(wanted & set(made))


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "-"


def paper(scores: Mapping[tuple[int, bool], Score], seeds: range, orders: int) -> Iterator[str]:
    """The whole text of ACCURACY.md."""
    yield "# Accuracy of the matching\n"
    yield (
        f"`make accuracy` wrote this: {len(seeds)} made worlds a level (seeds {seeds[0]} to {seeds[-1]}, used "
        f"nowhere else) of about {orders:,} orders in four accounts. Level 0: every order can be found by a name. "
        f"Levels 1 and 2: {_noise(1)}; {_noise(2)}. Breaks are planted on named orders, on charges of nobody, and on "
        "orders that nobody charged.\n"
    )
    yield "| level | customers | links | wrong links | true links found | precision | recall | left to people |"
    yield "|---|---|---|---|---|---|---|---|"
    for (level, customers), score in scores.items():
        left = _share(score.ambiguous, score.expecting)
        yield (
            f"| {level} | {'hashed' if customers else 'unknown'} | {score.by_pass.total():,} | "
            f"{score.wrong_by_pass.total()} | {_share(score.true_found, score.true_links)} | "
            f"{score.precision(CODES)} | {score.recall(CODES)} | {left} |"
        )
    yield "\nPrecision and recall are those of the breaks below; true links are those of charges that took money; "
    yield "left to people is the share of the orders that expect a charge which `match_ambiguous` names.\n"
    for (level, customers), score in scores.items():
        yield f"\n## Level {level}, customers {'hashed' if customers else 'unknown'}\n"
        yield "| code | planted | found | precision | recall | wrong links |"
        yield "|---|---|---|---|---|---|"
        for code in CODES:
            figures = f"{score.planted[code]} | {score.found[code]} | {score.precision([code])}"
            yield f"| `{code}` | {figures} | {score.recall([code])} | {score.wrong_links[code]} |"
        yield f"| no break | | | | | {score.wrong_links['']} |"
        yield "\n| matched by | links | wrong |"
        yield "|---|---|---|"
        for name, count in sorted(score.by_pass.items()):
            yield f"| {name} | {count:,} | {score.wrong_by_pass[name]} |"


def _noise(level: int) -> str:
    noise = NOISES[level]
    return (
        f"{noise.forgotten_percent} % of the unbroken orders with one charge have lost every name, a method has at "
        f"most {noise.prices} prices, the shop's clock is off by up to {noise.skew_s // 60} minutes"
    )


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-seed", type=int, default=SEEDS[0])
    parser.add_argument("--worlds", type=int, default=len(SEEDS))
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--out", type=Path, default=PAPER)
    asked = parser.parse_args()
    seeds = range(asked.first_seed, asked.first_seed + asked.worlds)
    scores: dict[tuple[int, bool], Score] = defaultdict(Score)
    for level in range(len(NOISES)):
        for seed in seeds:
            world = make_world(seed, FIRST, LAST, asked.orders, noise=level)
            for customers in (True, False) if level else (True,):
                add(scores[level, customers], world, customers)
    asked.out.write_text("\n".join(paper(scores, seeds, asked.orders)) + "\n", encoding="utf-8")
    print(asked.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
