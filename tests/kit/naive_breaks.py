"""A naive keeper of breaks over many nights: what every break's life, match rate and signature comes to.

It is told what a merchant's world holds, what is run and what people decide, and goes by the contract's sentences
alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fnmatch import fnmatchcase

from tests.kit.naive_cases import EXPECTING, Case, Days, Facts, Key, Slot, cases_of, day_of, findings

CLOSED = ("resolved", "written_off", "auto_closed")
GIVES = {"resolve": "resolved", "write_off": "written_off", "acknowledge": "acknowledged", "link": "resolved"}
ORDER_AND_CHARGE = (
    "charge_missing",
    "order_paid_charge_pending",
    "order_paid_charge_failed",
    "order_not_marked_paid",
    "order_cancelled_but_charged",
    "amount_mismatch",
)


@dataclass(eq=False)
class Ruling:
    """What somebody decided on a break, or a pattern; `before`: status and ruling to go back to."""

    kind: str
    who: str
    since: datetime
    until: date | None = None
    waits: bool = False
    ended: bool = False
    before: tuple[str, "Ruling | None"] = ("open", None)
    life: "Life | None" = None
    rests: tuple[int | None, int | None, bool] | None = None  # of a link
    judged_by: bool = False  # of a link: a run has looked with it
    code: str = ""
    account: str | None = None
    match: str = ""
    id: int = 0  # of a pattern, by which people name it
    item: tuple[str, int, str] | None = None  # of an opening item: its id, amount and note

    @property
    def in_force(self) -> bool:
        return not self.ended and not self.waits

    @property
    def is_pattern(self) -> bool:
        return bool(self.code)

    @property
    def is_own(self) -> bool:
        """Of one break alone."""
        return not self.is_pattern and not self.item

    def covers(self, life: "Life", day: date) -> bool:
        """Whether a pattern speaks of a break on a day."""
        named = [name for name in (life.key[2], life.order) if name]
        return (
            self.in_force
            and self.until is not None
            and day <= self.until
            and self.code == life.key[0]
            and self.account in (None, life.key[1])
            and (not self.match or any(fnmatchcase(name, self.match) for name in named))
        )


@dataclass(eq=False)
class Life:
    """One break, and what happened to it, in order."""

    key: Key
    slot: Slot
    facts: Facts
    seen: datetime
    order: str | None = None
    status: str = "open"
    standing: Ruling | None = None
    events: list[str] = field(default_factory=list)

    def move(self, event: str, status: str, standing: Ruling | None = None) -> None:
        self.events.append(event)
        self.status, self.standing = status, standing


@dataclass(frozen=True)
class Figures:
    """What a run says of an account's range that a signature goes by."""

    orders: int
    charges: int
    expecting: int
    matched: int
    open: Mapping[Key, Facts]


@dataclass
class Signature:
    """A signed range; `decided` are the breaks that its run found and that people had closed."""

    account: str
    days: Days
    as_of: datetime
    figures: Figures
    decided: Mapping[Key, Facts]
    looked: datetime  # what came until then is in its figures
    who: str = "anna"
    ended: bool = False


@dataclass(frozen=True)
class Look:
    """What a run sees, before anything of it is recorded."""

    accounts: Sequence[str]
    days: Days
    known_at: datetime  # the versions that it goes by
    as_of: datetime
    of_the_past: bool
    found: Sequence[tuple[Case, Mapping[Key, Facts]]]
    links: Sequence[Ruling]


class Keeper:
    """The breaks, rulings and signatures of a merchant, from night to night."""

    def __init__(self, slots: Sequence[Slot], now: datetime) -> None:
        self.slots = slots
        self.now = now
        self.lives: dict[Key, Life] = {}
        self.patterns: list[Ruling] = []
        self.links: list[Ruling] = []
        self.items: dict[tuple[str, str, str], Ruling] = {}  # by account, kind and id
        self.signatures: list[Signature] = []
        self.looked: dict[str, tuple[datetime, datetime]] = {}  # by account: the last run's as-of, and when it looked

    def look(
        self, accounts: Sequence[str], days: Days, as_of: datetime | None = None, versions_at: datetime | None = None
    ) -> Look:
        """What a run sees; `as_of` with today's versions, `versions_at` with those of then."""
        known_at, moment = versions_at or self.now, versions_at or as_of or self.now
        links = [link for link in self.links if link.in_force and (not versions_at or link.since <= versions_at)]
        used = [_slot(link) for link in links if _slot(link).rests(known_at) == link.rests]
        cases = [
            case for slot in self.slots if slot.account in accounts for case in cases_of(slot, known_at, moment, used)
        ]
        found = [(case, findings(case, known_at)) for case in cases if self._is_judged(case, days, known_at)]
        return Look(accounts, days, known_at, moment, versions_at is not None, found, links)

    def _is_judged(self, case: Case, days: Days, known_at: datetime) -> bool:
        """Made in the days, changed since the last run, or not final."""
        slot = case.slot
        last = self.looked.get(slot.account)
        return (
            case.is_of(days)
            or slot.parted
            or bool(case.charge and case.charge.status == "pending")
            or any((slot.account, kind, name) in self.items for kind in ("order", "charge") for name in case.subjects)
            or any(link.in_force and not link.judged_by and _slot(link) is slot for link in self.links)
            or any(
                life.slot is slot and life.key[2] in case.subjects and life.status not in CLOSED
                for life in self.lives.values()
            )
            or (last is not None and case.came_since(last[1], known_at))
        )

    def record(self, look: Look) -> dict[str, tuple[int, int]]:
        """Carries the breaks through a run; by account how many are new and closed. A case that a link held together
        which ended since the run looked is left to the next."""
        is_current = self.is_current(look)
        was_open = {key for key, life in self.lives.items() if life.status not in CLOSED}
        over = [_slot(link) for link in look.links if not link.in_force]
        if is_current:
            self._links_fall(look)
        counted = {}
        for account in look.accounts:
            cases = [
                (case, found) for case, found in look.found if case.slot.account == account and case.slot not in over
            ]
            counts = [self._carry(case, found, look) for case, found in cases]
            closed = {key for _, keys in counts for key in keys}
            counted[account] = sum(new for new, _ in counts), len(closed & was_open)
        return counted

    def is_current(self, look: Look) -> bool:
        """Whether a run saw all that is known, and none as of a later moment was before it."""
        later = any(self.looked.get(account, (look.as_of,))[0] > look.as_of for account in look.accounts)
        return not look.of_the_past and not later

    def remember(self, look: Look) -> None:
        """What the next run goes by, once this one is recorded."""
        for account in look.accounts if self.is_current(look) else ():
            self.looked[account] = look.as_of, look.known_at
            for slot in self.slots:
                slot.parted &= slot.account != account
            for link in look.links:
                if _slot(link).account == account:
                    link.judged_by = True
                    _slot(link).parted |= link.ended

    def _links_fall(self, look: Look) -> None:
        """A link by hand ends when its order or charge is not what it was."""
        for link in self.links:
            slot = _slot(link)
            if not link.ended and slot.account in look.accounts and slot.rests(look.known_at) != link.rests:
                link.ended = True
                if link.life and link.life.standing is link:
                    link.life.move("fell", "open")
                elif link.life:
                    link.life.events.append("fell")

    def _carry(self, case: Case, found: Mapping[Key, Facts], look: Look) -> tuple[int, list[Key]]:
        """How many are new, and which closed by themselves."""
        new = sum(self._carry_found(case, key, facts, look) for key, facts in found.items())
        closed = []
        for key, life in self.lives.items():
            is_absent = key not in found and life.slot is case.slot and key[2] in case.subjects
            if is_absent and life.status != "auto_closed" and not look.of_the_past and life.seen <= look.as_of:
                closed.append(key)
                if life.standing and (
                    life.standing.kind in ("resolve", "write_off", "acknowledge") or life.standing.waits
                ):
                    life.standing.ended = True
                life.move("auto_closed", "auto_closed")
                life.seen = look.as_of
        return new, closed

    def _carry_found(self, case: Case, key: Key, facts: Facts, look: Look) -> bool:
        """A break that a run found; whether it is new."""
        day, life = day_of(look.as_of), self.lives.get(key)
        order = case.slot.name if case.order else None
        is_new = life is None or life.status == "auto_closed"
        if life is None:
            life = self.lives[key] = Life(key, case.slot, facts, look.as_of, order)
            before = 0
            life.events.append("opened")
        elif life.seen > look.as_of:
            return False
        else:
            before = len(life.events)
            self._hold(life, replace(life, facts=facts, order=order), day)
        life.facts, life.order, life.seen = facts, order, look.as_of
        if life.status == "open":
            if expected := self._expected(life, day):
                life.move("opening" if expected.item else "ignored", "acknowledged", expected)
            elif len(life.events) > before and any(self._items_of(life)):
                life.events.append("not_covered")
        return is_new

    def _hold(self, life: Life, now: Life, day: date) -> None:
        """Whether what a break rests on still holds now that it was found again."""
        standing, changed = life.standing, life.facts != now.facts
        if life.status == "auto_closed":
            life.move("reopened", "open")
        elif standing and not standing.is_pattern and changed:
            standing.ended = standing.ended or (standing.is_own and (standing.kind != "link" or standing.waits))
            life.move("fell", "open")
        elif standing and standing.until and standing.until < day:
            standing.ended = standing.ended or standing.is_own
            life.move("expired", "open")
        elif changed:
            life.events.append("changed")
        if life.standing and life.standing.item and self._expected(now, day) is not life.standing:
            life.move("fell", "open")

    def _expected(self, life: Life, day: date) -> Ruling | None:
        """The pattern, else the opening item, that a break would rest on."""
        pattern = next((pattern for pattern in self.patterns if pattern.covers(life, day)), None)
        return pattern or next(
            (item for item in self._items_of(life) if item.item and life.facts.at_risk <= item.item[1]), None
        )

    def _items_of(self, life: Life) -> list[Ruling]:
        """Those of its subject and of the order and the charge that it names, the subject's first."""
        order, charge = ("order", life.slot.name), ("charge", life.slot.charge_id)
        named = [name for name, is_named in zip((order, charge), life.facts.of, strict=True) if is_named]
        named.sort(key=lambda name: name[1] != life.key[2])
        return [self.items[life.key[1], *name] for name in named if (life.key[1], *name) in self.items]

    def figures(self, account: str, look: Look) -> Figures:
        """What a recorded run says of an account."""
        keys = {key: facts for case, found in look.found for key, facts in found.items() if key[1] == account}
        is_open = {key: facts for key, facts in keys.items() if self.lives[key].status not in CLOSED}
        return figures(account, look, is_open)

    # What people decide.

    def rule(self, kind: str, who: str, life: Life, waits: bool, until: date | None = None) -> None:
        """What an applied ruling does to its break."""
        standing = life.standing if life.standing and not life.standing.item else None
        if kind in GIVES:
            if standing and standing.is_own:
                standing.ended = True
            before = (life.status, life.standing)
            ruling = Ruling(kind, who, self.now, until, waits, before=before, life=life)
            event = "proposed" if waits else "linked" if kind == "link" else GIVES[kind]
            life.move(event, "pending_approval" if waits else GIVES[kind], ruling)
            if kind == "link":
                ruling.rests = life.slot.rests(self.now)
                self.links.append(ruling)
        elif kind == "approve":
            assert standing is not None
            assert standing.waits
            assert standing.who != who
            standing.waits, standing.since = False, self.now
            life.move("approved", GIVES[standing.kind], standing)
        elif kind == "reopen":
            self._end([standing] if standing else self._own_links(life))
            life.move("reopened", "open")
        elif kind in ("undo", "reject"):
            self._take_back(kind, life, standing)
        else:
            life.events.append({"assign": "assigned", "note": "noted"}[kind])

    def _take_back(self, kind: str, life: Life, standing: Ruling | None) -> None:
        event = "undone" if kind == "undo" else "rejected"
        if standing is None:  # the link by hand that made the facts agree
            self._end(self._own_links(life))
            life.move(event, "open")
            return
        self._end([standing])
        status, before = standing.before
        if before and before.is_pattern and before.ended:
            status, before = "open", None
        if before and before.is_own:
            before.ended = False
        life.move(event, status, before)

    def _own_links(self, life: Life) -> list[Ruling]:
        return [link for link in self.links if link.life is life and not link.ended]

    def _end(self, rulings: Iterable[Ruling]) -> None:
        for ruling in rulings:
            ruling.ended = True
            if ruling.rests is not None and not ruling.waits:
                _slot(ruling).parted = True

    def approve_pattern(self, pattern: Ruling) -> None:
        pattern.waits, pattern.since = False, self.now
        for life in self.lives.values():
            if life.status == "open" and pattern.covers(life, day_of(self.now)):
                life.move("ignored", "acknowledged", pattern)

    def end_pattern(self, pattern: Ruling) -> None:
        pattern.ended = True
        for life in self.lives.values():
            if life.standing is pattern:
                life.move("undone", "open")

    def item(self, account: str, kind: str, name: str, amount: int, note: str) -> None:
        """An opening item; what it says already changes nothing."""
        known = self.items.get((account, kind, name))
        if known is None or known.item != (name, amount, note):
            self.items[account, kind, name] = Ruling("opening", "", self.now, item=(name, amount, note))

    # What is signed.

    def sign(self, account: str, look: Look) -> None:
        """Signs what a run of an account says."""
        own = {key: facts for case, found in look.found for key, facts in found.items() if key[1] == account}
        decided = {key: facts for key, facts in own.items() if self.lives[key].status in CLOSED}
        figures = self.figures(account, look)
        self.signatures.append(Signature(account, look.days, look.as_of, figures, decided, look.known_at))

    def unsign(self, look: Look) -> None:
        """A run ends the signatures of ranges whose figures are others now; what people ruled since counts only where
        the range itself was run again."""
        for signature in self.signatures:
            if signature.ended or signature.account not in look.accounts:
                continue
            if signature.days == look.days and self.is_current(look):
                now = self.figures(signature.account, look)
            else:
                now = self._again(signature)
            signature.ended = now != signature.figures

    def _again(self, signature: Signature) -> Figures:
        """A signed range from what is known now, as of its moment, without what people decided since."""
        made = [
            case
            for slot in self.slots
            if slot.account == signature.account
            for case in cases_of(
                slot, self.now, signature.as_of, [_slot(link) for link in self.links if link.in_force]
            )
        ]
        if not any(case.is_of(signature.days) and case.came_since(signature.looked, self.now) for case in made):
            return signature.figures
        left = {key[2] for key in signature.figures.open}
        found = [
            (case, findings(case, self.now))
            for case in made
            if case.is_of(signature.days)
            or left.intersection(case.subjects)
            or (case.charge and case.charge.status == "pending")
        ]
        look = Look([signature.account], signature.days, self.now, signature.as_of, False, found, [])
        keys = {key: facts for _, of_case in found for key, facts in of_case.items()}
        is_open = {key: facts for key, facts in keys.items() if signature.decided.get(key) != facts}
        return figures(signature.account, look, is_open)


def _slot(link: Ruling) -> Slot:
    assert link.life
    return link.life.slot


def figures(account: str, look: Look, is_open: Mapping[Key, Facts]) -> Figures:
    """The counts of an account's range, by the breaks that are open."""
    own = [case for case, _ in look.found if case.slot.account == account]
    orders = [case for case in own if case.order and look.days[0] <= day_of(case.slot.order_at) <= look.days[1]]
    charges = [case for case in own if case.charge and look.days[0] <= day_of(case.slot.charge_at) <= look.days[1]]
    expecting = [case.slot.name for case in orders if case.order and case.order.status in EXPECTING]
    broken = {key[2] for key in is_open if key[0] in ORDER_AND_CHARGE}
    return Figures(len(orders), len(charges), len(expecting), len({*expecting} - broken), is_open)
