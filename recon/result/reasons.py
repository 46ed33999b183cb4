"""What breaks say of the gaps of a proof: the open ones by their code, those that people closed with who and why."""

from collections.abc import Iterable, Mapping

from recon import columns as c
from recon.model import CLOSED, Books, BreakStatus, KnownBreak
from recon.model.rulings import Ruling, RulingKind, RulingState
from recon.rules import CATALOGUE
from recon.rules.proofs import PROOF
from recon.settlement.gaps import Reasons
from recon.settlement.ledger import unknown_kind
from recon.settlement.tie_out import CHARGES_TO_LEDGER

ORDER_AND_CHARGE = frozenset(rule.code for rule in CATALOGUE if rule.group == "Order and charge")
_BANK = frozenset(rule.code for rule in CATALOGUE if rule.group == "Settlement and bank")
_LEDGER = frozenset(rule.code for rule in CATALOGUE if rule.proof == CHARGES_TO_LEDGER)
_DECIDED = {RulingKind.RESOLVE: "resolved", RulingKind.WRITE_OFF: "written off", RulingKind.LINK: "linked"}


def words_of(known_break: KnownBreak) -> str:
    """What a break says of its gap; nothing where it closed by itself."""
    if known_break.status not in CLOSED:
        return f"open break {known_break.latest.code}"
    standing = known_break.standing
    if known_break.status == BreakStatus.AUTO_CLOSED or standing is None:
        return ""
    decided = _DECIDED.get(RulingKind(standing.kind), standing.kind)
    because = f": {standing.reason}" if standing.reason else ""
    return f"{known_break.latest.code}, {decided} by {standing.who}{because}"


def reasons_of(
    breaks: Iterable[KnownBreak], account: str, books: Books, hand_links: Iterable[Ruling] = ()
) -> Reasons:
    """By id what an account's breaks say, of several of an id an open one, else the first; and links by hand."""
    telling = [
        known_break for known_break in breaks if known_break.latest.account == account and words_of(known_break)
    ]
    telling.sort(
        key=lambda known_break: (known_break.status in CLOSED, known_break.latest.code, known_break.latest.id)
    )

    def by(name: str, codes: frozenset[str], subject: str = "") -> dict[str, str]:
        words: dict[str, str] = {}
        for known_break in telling:
            row_id = getattr(known_break.latest, name)
            if known_break.latest.code in codes and row_id and subject in ("", known_break.latest.subject_type):
                words.setdefault(row_id, words_of(known_break))
        return words

    booked = by("subject_id", _LEDGER)
    balance = [known_break for known_break in telling if known_break.latest.code == "balance_mismatch"]
    return Reasons(
        orders=by("order_id", ORDER_AND_CHARGE),
        linked={
            link.order_id: f"linked by {link.who}" + (f": {link.reason}" if link.reason else "")
            for link in hand_links
            if link.order_id and link.order_account == account and link.standing == RulingState.STANDS
        },
        charges=by("charge_id", ORDER_AND_CHARGE),
        booked=booked,
        kinds=_kinds(booked, books),
        transfers=by("transfer_id", _BANK),
        lines=by("subject_id", _BANK, "bank_line"),
        balance=words_of(balance[0]) if balance else "",
    )


def _kinds(booked: Mapping[str, str], books: Books) -> dict[str, str]:
    """By kind of origin that is not known what the break on its first transaction says."""
    rows = books.transactions
    chosen = rows[c.is_in(rows[c.TRANSACTION_ID], booked)]
    origins = chosen[[c.TRANSACTION_ID, c.ORIGIN]].itertuples(index=False, name=None)
    return {unknown_kind(origin): booked[transaction] for transaction, origin in origins if isinstance(origin, str)}


def decided_on_proofs(breaks: Iterable[KnownBreak], account: str) -> dict[str, str]:
    """By subject what people decided about an account's breaks of proofs, with who and why."""
    closed = [
        known_break
        for known_break in breaks
        if known_break.status in CLOSED and known_break.latest.account == account
    ]
    return {
        known_break.latest.subject_id: words_of(known_break)
        for known_break in closed
        if known_break.latest.subject_type == PROOF
    }
