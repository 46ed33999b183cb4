"""What a signature is put under: match rate, proofs, what is open, what could not be read; changes nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recon import columns as c
from recon.model import Severity
from recon.store.desk.workbooks import SignOff, StoredWorkbook
from recon.store.engine import Store
from recon.store.runs import history, record
from recon.store.runs.record import StoredRun
from reports.documents import Document
from reports.workbook.signed import Signed, signed_copy


@dataclass(frozen=True)
class ToSign:
    """One account of a workbook as its run recorded it; `failing` are proofs that do not tie (null: not recorded)."""

    account: str
    matched: int
    expecting: int
    rate_known: bool
    proofs: int
    failing: tuple[str, ...] | None
    open: Mapping[str, int]  # by severity, the gravest first
    unread_rows: int

    @property
    def doubts(self) -> list[str]:
        """Why whoever signs must say why, in words; empty where all is well."""
        doubts = [f"{self.account}: {name} does not tie" for name in self.failing or ()]
        critical = self.open.get(Severity.CRITICAL.word, 0)
        if critical:
            breaks = "break is" if critical == 1 else "breaks are"
            doubts.append(f"{self.account}: {critical:,} critical {breaks} open")
        return doubts

    @property
    def words(self) -> str:
        """All of it in a line."""
        rate = "no order expects a charge"
        if not self.rate_known:
            rate = "match rate not known"
        elif self.expecting:
            rate = f"{self.matched:,} of {self.expecting:,} orders matched ({self.matched / self.expecting:.2%})"
        proven = "proofs: not recorded"
        if self.failing is not None:
            bad = f", {len(self.failing)} of them not ({', '.join(self.failing)})" if self.failing else ""
            proven = f"{self.proofs} proofs tie" if not bad else f"{self.proofs} proofs{bad}"
        left = ", ".join(f"{count:,} {word}" for word, count in self.open.items()) or "none"
        rows = f"{self.unread_rows:,} {'row' if self.unread_rows == 1 else 'rows'} not read"
        return f"{self.account}: {rate}; {proven}; open breaks: {left}; {rows}"


def to_sign(store: Store, run: StoredRun, book: StoredWorkbook) -> tuple[ToSign, ...]:
    """Each account that a workbook covers, as the run left it."""
    return tuple(
        _account(store, run, part.account, part.counts) for part in run.accounts if book.covers(part.account)
    )


def _account(store: Store, run: StoredRun, account: str, counts: Mapping[str, Any]) -> ToSign:
    severities = Counter(history.left_open(store, run.run_id, account)[c.SEVERITY])
    words = [severity.word for severity in sorted(Severity, reverse=True)]
    failing = counts.get("proofs_failing")
    return ToSign(
        account,
        counts[c.MATCHED_ORDERS],
        counts[c.EXPECTING_ORDERS],
        counts.get(c.RATE_KNOWN, True),
        counts.get("proofs", 0),
        None if failing is None else tuple(failing),
        {word: severities[word] for word in words if severities[word]},
        counts["rejected_rows"],
    )


def copy_of(store: Store, book: StoredWorkbook, content: bytes, sign_offs: Sequence[SignOff]) -> bytes:
    """A workbook's bytes with its signatures, and what they were put under, in the boxes of its Summary."""
    run = record.find_run(store, book.run_id) if book.run_id is not None else None
    under = [part.words for part in to_sign(store, run, book)] if run else []
    reasons = [f"{sign_off.who}: {sign_off.reason}" for sign_off in sign_offs if sign_off.reason]
    signatures = [Signed(sign_off.role, sign_off.who, f"{sign_off.at:%Y-%m-%d %H:%M} UTC") for sign_off in sign_offs]
    return signed_copy(content, signatures, "\n".join([*under, *reasons]))


def doubts_of(parts: Sequence[ToSign]) -> list[str]:
    """Of all accounts together."""
    return [doubt for part in parts for doubt in part.doubts]


def documents(parts: Sequence[ToSign]) -> list[Document]:
    """What is signed, as JSON."""
    return [
        {
            "account": part.account,
            "matched_orders": part.matched,
            "expecting_orders": part.expecting,
            "proofs": part.proofs,
            "proofs_failing": None if part.failing is None else list(part.failing),
            "open_by_severity": dict(part.open),
            "rejected_rows": part.unread_rows,
        }
        for part in parts
    ]
