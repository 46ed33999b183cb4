"""Why a break that a run judged and did not raise again is over: the facts agree, or something took its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from recon import columns as c
from recon.columnar import pd
from recon.model import Break, ChargeStatus, OrderStatus
from recon.rules import RULE_OF
from recon.settings import Context
from recon.triage import Judged

AGREED = "the facts agree now"
_THINGS = ("order_id", "charge_id", "refund_id", "transfer_id", "dispute_id")
_WINDOW = frozenset({"refund_window_closing", "refund_window_closed"})


class Closing:
    """Says it of breaks that close by themselves, from the books of the run."""

    def __init__(self, judged: Judged, context: Context) -> None:
        self._orders = judged.books.orders
        self._charges = judged.books.charges
        self._context = context

    def __call__(self, opened: Iterable[Break]) -> Callable[[Break], str]:
        """What says it beside the breaks that the run opened: one of them may have taken a closed one's place."""
        by_subject: dict[tuple[str | None, str, str, str], Break] = {}
        by_thing: dict[tuple[str | None, str, str], Break] = {}
        by_day: dict[tuple[str | None, str, object], Break] = {}
        for break_ in opened:
            by_subject.setdefault((break_.account, _group(break_), break_.subject_type, break_.subject_id), break_)
            by_day.setdefault((break_.account, break_.code, break_.due_by), break_)
            for thing_id in _things(break_):
                by_thing.setdefault((break_.account, _group(break_), thing_id), break_)

        def successor(closed: Break) -> Break | None:
            heir = by_subject.get((closed.account, _group(closed), closed.subject_type, closed.subject_id))
            of_things = (by_thing.get((closed.account, _group(closed), thing_id)) for thing_id in _things(closed))
            heir = heir or next(filter(None, of_things), None)
            return heir or (by_day.get((closed.account, closed.code, closed.due_by)) if closed.due_by else None)

        def why(closed: Break) -> str:
            rule = RULE_OF.get(closed.code)
            if rule is None or not rule.enabled(self._context):
                return "its rule is switched off: nobody looks any more"
            if heir := successor(closed):
                return f"it became {heir.code} of {heir.subject_type} {heir.subject_id}"
            return f"its time is over, and nothing agrees: {over}" if (over := self._time_over(closed)) else AGREED

        return why

    def _time_over(self, closed: Break) -> str:
        """What became of something whose due time passed without what was due; empty where that is not so."""
        if closed.due_by is None or closed.due_by > self._context.as_of:
            return ""
        if closed.code == "authorization_expiring":
            status = self._status_of(self._charges, c.CHARGE_ID, closed)
            captured = status in (ChargeStatus.SUCCESSFUL, ChargeStatus.REVERSED, "")
            return "" if captured else f"the authorisation ended and was not captured, the charge is {status}"
        if closed.code in _WINDOW:
            status = self._status_of(self._orders, c.ORDER_ID, closed)
            return "the refund is still asked for" if status == OrderStatus.REFUND_REQUESTED else ""
        return ""

    def _status_of(self, frame: pd.DataFrame, key: str, closed: Break) -> str:
        rows = frame[c.equals(frame, key, closed.subject_id) & c.of_account(frame, closed.account or "")]
        return str(rows[c.STATUS].iloc[0]) if len(rows) else ""


def _things(break_: Break) -> list[str]:
    return [thing_id for name in _THINGS if (thing_id := getattr(break_, name))]


def _group(break_: Break) -> str:
    rule = RULE_OF.get(break_.code)
    return rule.group if rule else ""
