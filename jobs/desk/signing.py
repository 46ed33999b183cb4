"""What a signature is put under: match rate, proofs, what is open, what could not be read; changes nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recon import columns as c
from recon.model import Exposure, Severity, percent_of
from recon.money import Currencies
from recon.result.exposures import ExposureTotal
from recon.rules import exposure_of
from recon.store.desk import overview
from recon.store.desk.overview import OpenSum
from recon.store.desk.workbooks import GROUP, ROLES, SignOff, StoredWorkbook
from recon.store.desk.workbooks import standing as all_standing
from recon.store.engine import Store
from recon.store.runs import record
from recon.store.runs.record import StoredRun
from reports.documents import Document, fields
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
    exposures: tuple[ExposureTotal, ...] = ()

    @property
    def doubts(self) -> list[str]:
        """Why whoever signs must say why, in words; empty where all is well."""
        doubts = [f"{self.account}: {name} does not tie" for name in self.failing or ()]
        count = sum(self.open.values())
        if count:
            critical = self.open.get(Severity.CRITICAL.word, 0)
            of_them = f" ({critical:,} critical)" if critical else ""
            doubts.append(f"{self.account}: {count:,} {'break is' if count == 1 else 'breaks are'} open{of_them}")
        return doubts

    def words(self, currencies: Currencies) -> str:
        """All of it in a line."""
        rate = "no order expects a charge"
        if not self.rate_known:
            rate = "match rate not known"
        elif self.expecting:
            share = percent_of(self.matched, self.expecting)
            rate = f"{self.matched:,} of {self.expecting:,} orders matched ({share})"
        proven = "proofs: not recorded"
        if self.failing is not None:
            bad = f", {len(self.failing)} of them not ({', '.join(self.failing)})" if self.failing else ""
            proven = f"{self.proofs} proofs tie" if not bad else f"{self.proofs} proofs{bad}"
        left = ", ".join(f"{count:,} {word}" for word, count in self.open.items()) or "none"
        sums = [
            f"{total.exposure.words} {currencies.words(total.amount, total.currency)}"
            for total in self.exposures
            if total.currency is not None and total.amount
        ]
        left += f" ({', '.join(sums)})" if sums else ""
        rows = f"{self.unread_rows:,} {'row' if self.unread_rows == 1 else 'rows'} not read"
        return f"{self.account}: {rate}; {proven}; open breaks: {left}; {rows}"


@dataclass(frozen=True)
class BeforeSigning:
    """What whoever signs a workbook sees first; `unsigned`: accounts of its run, and which signatures they lack."""

    parts: tuple[ToSign, ...] = ()
    unsigned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_group: bool = False

    @property
    def doubts(self) -> list[str]:
        """Why a reason is needed, in words: in a group's workbook also an account that is not signed."""
        return [*(doubt for part in self.parts for doubt in part.doubts), *(self._unsigned if self.is_group else ())]

    def words(self, currencies: Currencies) -> list[str]:
        """All of it, a line each."""
        return [*(part.words(currencies) for part in self.parts), *self._unsigned]

    @property
    def _unsigned(self) -> list[str]:
        lacking = [f"{account} ({' and '.join(roles)})" for account, roles in self.unsigned.items()]
        return [f"not signed yet of the group: {', '.join(lacking)}"] if lacking else []


def before_signing(
    store: Store, run: StoredRun | None, book: StoredWorkbook, sees: Callable[[str], bool] = lambda _account: True
) -> BeforeSigning:
    """What a workbook's run recorded, and which other accounts of its days, of those that somebody sees, are not
    signed."""
    if run is None:
        return BeforeSigning()
    standing = {
        (sign_off.account, sign_off.first_day, sign_off.last_day, sign_off.role) for sign_off in all_standing(store)
    }
    lacking = {
        part.account: tuple(
            role for role in ROLES if (part.account, part.first_day, part.last_day, role) not in standing
        )
        for part in run.accounts
        if part.account != book.account and sees(part.account)
    }
    unsigned = {account: roles for account, roles in lacking.items() if roles}
    return BeforeSigning(to_sign(store, run, book), unsigned, book.account == GROUP)


def to_sign(store: Store, run: StoredRun, book: StoredWorkbook) -> tuple[ToSign, ...]:
    """Each account that a workbook covers, as the run left it."""
    return tuple(
        _account(store, run, part.account, part.counts) for part in run.accounts if book.covers(part.account)
    )


def _account(store: Store, run: StoredRun, account: str, counts: Mapping[str, Any]) -> ToSign:
    sums = overview.left_open(store, run.run_id, account)
    failing = counts.get("proofs_failing")
    return ToSign(
        account,
        counts[c.MATCHED_ORDERS],
        counts[c.EXPECTING_ORDERS],
        counts.get(c.RATE_KNOWN, True),
        counts.get("proofs", 0),
        None if failing is None else tuple(failing),
        overview.by_severity(sums),
        counts["rejected_rows"],
        tuple(_exposures(sums)),
    )


def _exposures(sums: Sequence[OpenSum]) -> Iterator[ExposureTotal]:
    """What is open by what it means for cash, and by currency."""
    totals: dict[tuple[Exposure, str | None], list[OpenSum]] = {}
    for open_sum in sums:
        exposure = exposure_of(open_sum.code, 0, open_sum.sign)
        totals.setdefault((exposure, open_sum.currency), []).append(open_sum)
    for exposure, currency in sorted(totals, key=lambda key: (list(Exposure).index(key[0]), key[1] or "")):
        of_kind = totals[exposure, currency]
        count = sum(open_sum.count for open_sum in of_kind)
        yield ExposureTotal(exposure, currency, count, sum(open_sum.amount for open_sum in of_kind))


def copy_of(
    store: Store, book: StoredWorkbook, content: bytes, sign_offs: Sequence[SignOff], currencies: Currencies
) -> bytes:
    """A workbook's bytes with its signatures, and what they were put under, in the boxes of its Summary."""
    run = record.find_run(store, book.run_id) if book.run_id is not None else None
    under = [part.words(currencies) for part in to_sign(store, run, book)] if run else []
    reasons = [f"{sign_off.who}: {sign_off.reason}" for sign_off in sign_offs if sign_off.reason]
    signatures = [Signed(sign_off.role, sign_off.who, f"{sign_off.at:%Y-%m-%d %H:%M} UTC") for sign_off in sign_offs]
    return signed_copy(content, signatures, "\n".join([*under, *reasons]))


def documents(parts: Sequence[ToSign]) -> list[Document]:
    """What is signed, as JSON; amounts in minor units."""
    return [
        {
            "account": part.account,
            "matched_orders": part.matched,
            "expecting_orders": part.expecting,
            "proofs": part.proofs,
            "proofs_failing": None if part.failing is None else list(part.failing),
            "open_by_severity": dict(part.open),
            "open_by_exposure": [
                fields(total, "exposure", "currency", "count", "amount") for total in part.exposures
            ],
            "rejected_rows": part.unread_rows,
        }
        for part in parts
    ]
