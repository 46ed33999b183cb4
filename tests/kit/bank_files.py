"""Bank statements for tests, as each format writes them, and the source that reads them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from recon import columns as c
from recon.bank.load import read
from recon.bank.source import BankSource, LoadedBank
from recon.money import Currencies
from recon.tabular.amounts import Marks
from recon.tabular.date_forms import DateForms
from recon.tabular.layout import Column, Layout

CURRENCIES = Currencies()
_LAYOUT = frozenset(setting.name for setting in fields(Layout))


@dataclass(frozen=True)
class Entry:
    """One line of a statement to be written: minor units of THB, a credit positive."""

    on: date
    amount: int
    text: str = "OMISE PAYOUT"
    reference: str = "TH2611200001"


def source(folder: Path, kind: str, **given: Any) -> BankSource:
    """Account "th" in THB; every file of the folder."""
    plain: dict[str, Any] = {
        "name": "scb",
        "account": "th",
        "currency": "THB",
        "path": str(folder / "*"),
        "zone": ZoneInfo("Asia/Bangkok"),
    }
    written = {name: given.pop(name) for name in list(given) if name in _LAYOUT}
    columns = {ours: Column.of(theirs) for ours, theirs in written.get("columns", {}).items()}
    dates = DateForms(tuple(given.pop("date_format", ())), given.pop("era", None), "bank.scb")
    marks = Marks.of("bank.scb", given.pop("decimal", None), given.pop("thousands", None))
    layout = Layout(**{"place": "bank.scb", "dates": dates, "marks": marks, **written, "columns": columns})
    return BankSource(**{**plain, "kind": kind, "layout": layout, **given})


def load(folder: Path, kind: str, files: dict[str, str | bytes], **given: Any) -> LoadedBank:
    """Write files into a folder and read it."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(source(folder, kind, **given), currencies=CURRENCIES)


def rows(loaded: LoadedBank) -> list[tuple[Any, ...]]:
    """Day, amount, currency, description and reference of each line."""
    names = [c.BOOKED_ON, c.AMOUNT, c.CURRENCY, c.DESCRIPTION, c.REFERENCE]
    return list(loaded.lines[names].astype(object).where(loaded.lines[names].notna(), None).itertuples(False, None))


def reasons(loaded: LoadedBank) -> list[str]:
    """Why rows were rejected."""
    return list(loaded.rejected[c.REASON])


def major(amount: int) -> str:
    """Minor units of THB in major ones."""
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02}"


def csv_text(entries: Sequence[Entry]) -> str:
    """A CSV file with the contract's column names."""
    quoted = ('"' + entry.text.replace('"', '""') + '"' for entry in entries)
    lines = [
        f"{entry.on},{major(entry.amount)},THB,{text},{entry.reference}\n"
        for entry, text in zip(entries, quoted, strict=True)
    ]
    return "date,amount,currency,description,reference\n" + "".join(lines)


def mt940_text(
    entries: Sequence[Entry], opening: int = 0, closing: int | None = None, number: str = "1/1", currency: str = "THB"
) -> str:
    """One MT940 statement that adds up, unless another closing balance is given."""
    end = opening + sum(entry.amount for entry in entries) if closing is None else closing
    day = entries[-1].on if entries else date(2026, 11, 20)
    lines = [
        f":61:{entry.on:%y%m%d}{entry.on:%m%d}{'D' if entry.amount < 0 else 'C'}{_comma(entry.amount)}NTRFNONREF"
        f"//{entry.reference}\n:86:{entry.text}\n"
        for entry in entries
    ]
    return (
        f":20:STATEMENT\n:25:1234567890\n:28C:{number}\n:60F:{_balance(opening, day, currency)}\n{''.join(lines)}"
        f":62F:{_balance(end, day, currency)}\n-\n"
    )


def _balance(amount: int, day: date, currency: str) -> str:
    return f"{'D' if amount < 0 else 'C'}{day:%y%m%d}{currency}{_comma(amount)}"


def _comma(amount: int) -> str:
    return major(abs(amount)).replace(".", ",")


def camt_entry(entry: Entry, inside: str = "", status: str = "<Sts>BOOK</Sts>", details: str | None = None) -> str:
    """One entry with one part; `inside` goes before its details."""
    own = f"<TxDtls><RmtInf><Ustrd>{escape(entry.text)}</Ustrd></RmtInf></TxDtls>" if details is None else details
    return (
        f'<Ntry><Amt Ccy="THB">{major(abs(entry.amount))}</Amt><CdtDbtInd>{_word(entry.amount)}</CdtDbtInd>{inside}'
        f"{status}<BookgDt><Dt>{entry.on}</Dt></BookgDt><AcctSvcrRef>{escape(entry.reference)}</AcctSvcrRef>"
        f"<NtryDtls>{own}</NtryDtls></Ntry>"
    )


def camt_text(
    entries: Sequence[str],
    total: int,
    *,
    opening: int = 0,
    version: str = "02",
    account: str = "<Othr><Id>123-4-56789-0</Id></Othr>",
    number: int = 1,
    day: str = "2026-11-20",
    balances: tuple[str, str] = ("OPBD", "CLBD"),
) -> str:
    """One CAMT.053 statement whose entries come to `total`."""
    ends = "".join(
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="THB">{major(abs(amount))}</Amt>'
        f"<CdtDbtInd>{_word(amount)}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
        for code, amount in zip(balances, (opening, opening + total), strict=True)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
        f"<Stmt><Id>S{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><Acct><Id>{account}</Id></Acct>{ends}"
        f"{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    )


def _word(amount: int) -> str:
    return "DBIT" if amount < 0 else "CRDT"
