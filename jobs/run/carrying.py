"""What becomes of the breaks that are known and of those that were raised; the breaks of proofs come last of all."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import partial

from jobs.run.judging_request import AccountRequest, JudgingRequest
from recon import columns as c
from recon.model import CLOSED, Books, Break, BreakStatus, KnownBreak, Proof
from recon.model.rulings import EndedRuling, Ruling, RulingKind, RulingState
from recon.result.closing import Closing
from recon.result.proofs import account_proofs
from recon.result.reasons import decided_on_proofs
from recon.rules import CATALOGUE
from recon.rules.proofs import PROOF, AccountProofs, judge_proofs, with_decided
from recon.rulings.life import CarriedBreaks, RulingsInForce, carry
from recon.rulings.opening_items import Items, standing_of, why_not_covered
from recon.rulings.patterns import expected_by, standing_patterns
from recon.store.engine import Store
from recon.store.runs import record
from recon.triage import Judged

Side = tuple[str | None, str, str | None]  # of a link by hand: account, "order" or "charge", id


@dataclass(frozen=True)
class RaisedBreaks:
    """What was raised, to be carried from whatever is known of the breaks: to report, and again to record."""

    breaks: Sequence[Break]
    is_judged: Callable[[Break], bool]
    as_of: datetime
    zones: Mapping[str, tzinfo]
    items: Items
    changed_links: Mapping[int, str]  # links by hand whose order or charge is not what it was
    closing: Closing
    known_ids: frozenset[str] = frozenset()  # breaks that were known and may have been closed meanwhile
    judged_proofs: frozenset[str] = frozenset()  # breaks about proofs of which the run knows whether they still are
    linked: Sequence[Ruling] = ()  # the links by hand by which it judged

    @property
    def ids(self) -> set[str]:
        """The ids of what was raised and of what was known."""
        return {*self.known_ids, *(break_.id for break_ in self.breaks)}

    def carry(self, known_breaks: Sequence[KnownBreak], lasting: Sequence[Ruling]) -> CarriedBreaks:
        """What becomes of the breaks that are known, by the patterns and links by hand that are in force.

        A case that a link held together which ended since it was judged is another now: the next run judges it.
        """
        parted = self._parted(lasting)
        known_ids = {known_break.latest.id for known_break in known_breaks}
        fallen = [
            (ruling.break_id, EndedRuling(ruling.id, RulingState.FELL, self.changed_links[ruling.id]))
            for ruling in lasting
            if ruling.id in self.changed_links and ruling.break_id in known_ids
        ]
        warns = {rule.code: rule.warns for rule in CATALOGUE if rule.warns}
        in_force = RulingsInForce(self.zones, fallen=fallen, warns=warns, why_closed=self.closing)
        ignored = expected_by(standing_patterns(lasting), partial(in_force.today, as_of=self.as_of))
        in_force = replace(in_force, expected=ignored)
        if self.items:
            in_force = replace(
                in_force,
                expected=lambda break_: ignored(break_) or standing_of(break_, self.items),
                remark=lambda break_: why_not_covered(break_, self.items),
            )
        breaks = [break_ for break_ in self.breaks if parted.isdisjoint(_sides(break_))]
        return carry(known_breaks, breaks, partial(self._judges, parted=parted), self.as_of, in_force)

    def _parted(self, lasting: Iterable[Ruling]) -> frozenset[Side]:
        """Orders and charges whose link by hand ended since they were judged by it."""
        in_force = {ruling.id for ruling in lasting}
        over = [link for link in self.linked if link.id not in in_force]
        orders = {(link.order_account, "order", link.order_id) for link in over}
        return frozenset(orders | {(link.charge_account, "charge", link.charge_id) for link in over})

    def _judges(self, known_break: Break, parted: frozenset[Side]) -> bool:
        if not parted.isdisjoint(_sides(known_break)):
            return False
        of_proof = known_break.subject_type == PROOF
        return known_break.id in self.judged_proofs if of_proof else self.is_judged(known_break)


def _sides(break_: Break) -> tuple[Side, Side]:
    return (break_.account, "order", break_.order_id), (break_.account, "charge", break_.charge_id)


@dataclass(frozen=True)
class Decided:
    """Ids of breaks that people closed about something in the books: those that stand, and those closed since."""

    standing: Collection[str] = ()
    needless: Collection[str] = ()


def decided_about(store: Store, request: JudgingRequest, books: Books) -> Decided:
    """What people decided about the books; what no frame holds, as rows and proofs, is always among it."""
    if request.known_breaks is not None:
        return Decided()
    breaks = record.decided_breaks(store)
    frames = {
        "order": (books.orders, c.ORDER_ID),
        "charge": (books.charges, c.CHARGE_ID),
        "refund": (books.refunds, c.REFUND_ID),
        "transfer": (books.transfers, c.TRANSFER_ID),
        "transaction": (books.transactions, c.TRANSACTION_ID),
        "dispute": (books.disputes, c.DISPUTE_ID),
        "bank_line": (books.bank_lines, c.LINE_ID),
        "receipt": (books.receipts, c.RECEIPT_ID),
    }
    about = ~breaks[c.SUBJECT_TYPE].isin(list(frames)).to_numpy(dtype=bool)
    for frame, key in frames.values():
        for name in {c.SUBJECT_ID, key}.intersection(breaks.columns):
            about |= c.is_in(breaks[name], frame[key])
    of_books = breaks[about]
    closed_since = of_books[c.STATUS] == BreakStatus.AUTO_CLOSED.value
    return Decided(of_books[c.BREAK_ID][~closed_since].tolist(), of_books[c.BREAK_ID][closed_since].tolist())


def closed_before(store: Store, request: JudgingRequest, break_ids: Collection[str]) -> list[KnownBreak]:
    """Of some breaks those that are closed."""
    return record.breaks_to_carry(store, break_ids) if request.known_breaks is None else []


@dataclass(frozen=True)
class Proven:
    """What becomes of the breaks, those of proofs included, and each asked account's proofs, in their order."""

    raised: RaisedBreaks
    carried: CarriedBreaks
    proofs: Sequence[tuple[Proof, ...]]


def carry_with_proofs(
    store: Store,
    request: JudgingRequest,
    judged: Judged,
    raised: RaisedBreaks,
    known_breaks: Sequence[KnownBreak],
    lasting: Sequence[Ruling],
    needless: Collection[str],
) -> Proven:
    """Carry the breaks, prove the totals by all of them, and carry again where a proof has a break of its own.

    `needless` are those that people had closed about the books before they closed by themselves.
    """
    decided = record.closed_after_rulings(store, needless, request.versions_at)
    carried = raised.carry(known_breaks, lasting)
    breaks = _all_known(decided, known_breaks, carried)
    hand_links = [
        ruling for ruling in lasting if ruling.kind == RulingKind.LINK and ruling.id not in raised.changed_links
    ]
    proofs = [_proofs(part, judged, breaks, hand_links, request) for part in request.accounts]
    proof_breaks = judge_proofs([] if request.of_today else proofs, known_breaks, request.context)
    if proof_breaks.raised or proof_breaks.judged:
        known_breaks = [
            *known_breaks,
            *closed_before(store, request, [raised_.id for raised_ in proof_breaks.raised]),
        ]
        judged_proofs = frozenset() if request.versions_at is not None else proof_breaks.judged
        raised = replace(raised, breaks=(*raised.breaks, *proof_breaks.raised), judged_proofs=judged_proofs)
        carried = raised.carry(known_breaks, lasting)
        breaks = _all_known(decided, known_breaks, carried)
    final = [tuple(with_decided(own, decided_on_proofs(breaks, own.account.name))) for own in proofs]
    return Proven(raised, carried, final)


def _all_known(
    decided: Iterable[KnownBreak], known_breaks: Iterable[KnownBreak], carried: CarriedBreaks
) -> Collection[KnownBreak]:
    """Every break as the run leaves it; what people closed stays so for the proofs, where it now closes by itself."""
    by_id = {known_break.latest.id: known_break for known_break in (*decided, *known_breaks)}
    for known_break in (*carried.changed, *carried.reported):
        before = by_id.get(known_break.latest.id)
        if known_break.status != BreakStatus.AUTO_CLOSED or before is None or before.status not in CLOSED:
            by_id[known_break.latest.id] = known_break
    return by_id.values()


def _proofs(
    part: AccountRequest,
    judged: Judged,
    breaks: Iterable[KnownBreak],
    hand_links: Sequence[Ruling],
    request: JudgingRequest,
) -> AccountProofs:
    days = (part.first, part.last)
    return account_proofs(part.account, judged, part.window, days, breaks, hand_links, request.context)
