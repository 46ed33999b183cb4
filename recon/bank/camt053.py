"""Bank lines from CAMT.053 files (ISO 20022, versions 02 to 14), without trusting the XML.

What is not booked yet (PDNG, INFO) is left out; a batch is taken apart where its parts come to its sum. A reversed
entry already has the direction in which the money went (ISO 20022: the indicator tells of the original's).
"""

import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from lxml import etree  # type: ignore[import-untyped]

from recon.bank.other_messages import other_of_camt
from recon.bank.source import (
    BadLine,
    Balance,
    BankSource,
    Line,
    Parsed,
    Rejected,
    Statement,
    StatementKind,
    Unread,
    account_number,
)
from recon.bank.texts import day, shown, tidy, worded
from recon.money import BadAmount, Currencies, UnknownCurrency
from recon.tabular.files import SourceFile
from recon.tabular.keys import STATEMENT_OF
from recon.tabular.table import SourceUnreadable

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(?:0[2-9]|1[0-4])")
_BOOKED = "BOOK"
_SIGNS = {"CRDT": 1, "DBIT": -1}
_OPENING = ("OPBD", "PRCD")
_CLOSING = ("CLBD",)
_PAGE = "ITBD"  # the balance where a statement goes on in another part
_ZONE_OF_DAY = re.compile(r"(?<=\d\d-\d\d)(Z|[+-]\d\d:\d\d)$", re.ASCII)  # XML allows a zone behind a day
_NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NONREF"})
_PARTS = "{*}NtryDtls/{*}TxDtls"
_PART_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")
_REPEATED = frozenset({"Ntry", "TxDtls", "Bal"})

Texts = dict[str, list[str]]


@dataclass
class _Entries:
    """One statement being read: its booked lines so far, the number of its entries, the first fault."""

    source: BankSource
    currencies: Currencies
    lines: list[Line] = field(default_factory=list)
    count: int = 0
    fault: str = ""

    def add(self, entry: etree._Element, row: int) -> None:
        """Take an entry over; the first one that cannot be read makes the statement a bad one."""
        self.count += 1
        try:
            self.lines += _lines(entry, row, self.source, self.currencies)
        except BadLine as error:
            self.fault = self.fault or f"entry {self.count}: {error}"


def _read(file: SourceFile, source: BankSource, currencies: Currencies) -> Parsed:
    statements: list[Statement] = []
    rejected: list[Rejected] = []
    entries = _Entries(source, currencies)
    row = 0
    try:
        for element in _elements(file):
            if element.tag.endswith("}Ntry"):
                row += 1
                entries.add(element, row)
            else:
                statement = _statement(element, entries, row - entries.count + 1)
                if isinstance(statement, Statement):
                    statements.append(statement)
                else:
                    rejected.append(statement)
                entries = _Entries(source, currencies)
            element.clear()
    except etree.XMLSyntaxError as error:
        words = worded(str(error.msg).partition(",")[0])
        raise SourceUnreadable(f"{file.name} is no whole XML file ({words}): get it again") from None
    if not statements and not rejected:
        raise SourceUnreadable(f"{file.name} holds no statement (Stmt)")
    return tuple(statements), tuple(rejected)


KIND = StatementKind("camt053", _read, (STATEMENT_OF,))


def _elements(file: SourceFile) -> Iterator[etree._Element]:
    """Each entry and each statement at its end, after a look at the root."""
    _check_root(next(element for _, element in _parsed(file, ("start",), ("{*}*",))), file)
    return (element for _, element in _parsed(file, ("end",), ("{*}Ntry", "{*}Stmt")))


def _parsed(file: SourceFile, events: tuple[str, ...], tags: tuple[str, ...]) -> etree.iterparse:
    """Nothing is expanded, fetched or endless."""
    return etree.iterparse(
        io.BytesIO(file.content),
        events=events,
        tag=tags,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _check_root(root: etree._Element, file: SourceFile) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise SourceUnreadable(
            f"{file.name} declares a document type, which no statement needs and an attack may use"
        )
    namespace = etree.QName(root).namespace or ""
    if not _NAMESPACE.fullmatch(namespace):
        shape = namespace.rpartition(":")[2] or "no namespace"
        if other := other_of_camt(shape):
            raise SourceUnreadable(f"{file.name} is {other}")
        raise SourceUnreadable(
            f"{file.name} is no camt.053.001.02 to .14: its root says {worded(shape)}: "
            "export the statement as camt.053"
        )


def _statement(element: etree._Element, entries: _Entries, row: int) -> Statement | Rejected:
    """The statement of the entries read so far, proved by balances that it must have."""
    head = _texts(element)
    number = _first(head, "ElctrncSeqNb", "LglSeqNb", "Id")
    page = _first(head, "StmtPgntn/PgNb", "RptPgntn/PgNb")
    number = f"{number}/{page}" if page else number
    account = account_number(_first(head, "Acct/Id/IBAN", "Acct/Id/Othr/Id"))
    try:
        if entries.fault:
            raise BadLine(entries.fault)
        opening, closing, currency = _ends(element, entries, head)
        if any(line.currency != currency for line in entries.lines):
            raise BadLine(f"it is in {currency}, and an entry of it in another currency")
    except BadLine as error:
        name = f"statement {shown(number)}" if number else "a statement"
        reason = f"{name} cannot be read and is kept aside as a whole: {error}"
        content = (number, _first(head, "CreDtTm"), str(entries.count))
        unread = _unread(element, entries.source)
        return Rejected(row, reason, content, unread=unread, rows=entries.count, bank_account=account)
    return Statement(
        lines=tuple(entries.lines),
        row=row,
        bank_account=account,
        number=shown(number),
        currency=currency,
        opening=opening,
        closing=closing,
    )


def _unread(element: etree._Element, source: BankSource) -> Unread:
    """From when to when a statement goes, as far as its balances say so."""
    days: dict[str, list[str]] = {}
    for balance in map(_texts, element.iterfind("{*}Bal")):
        with suppress(BadLine):
            if on := _day(balance, source, "Dt/Dt", "Dt/DtTm"):
                days.setdefault(_first(balance, "Tp/CdOrPrtry/Cd"), []).append(on)
    opened = [on for code in (*_OPENING, _PAGE) for on in days.get(code, ())]
    closed = [on for code in (*_CLOSING, _PAGE) for on in days.get(code, ())]
    return Unread(min(opened, default=None), max(closed, default=None))


def _ends(element: etree._Element, entries: _Entries, head: Texts) -> tuple[Balance | None, Balance | None, str]:
    """Its balances and its currency; none of a statement that is empty, as of a currency that was never used."""
    if not entries.count and element.find("{*}Bal") is None:
        return None, None, _first(head, "Acct/Ccy") or entries.source.currency
    return _balances(element, entries)


def _balances(element: etree._Element, entries: _Entries) -> tuple[Balance, Balance, str]:
    balances: dict[str, list[Balance]] = {}
    currencies: set[str] = set()
    for balance in map(_texts, element.iterfind("{*}Bal")):
        amount, currency = _money(balance, "Amt", entries.currencies)
        currencies.add(currency)
        on = _day(balance, entries.source, "Dt/Dt", "Dt/DtTm") or ""
        balances.setdefault(_first(balance, "Tp/CdOrPrtry/Cd"), []).append(Balance(amount, on))
    pages = balances.get(_PAGE, [])
    opening = next((balances[code][0] for code in _OPENING if code in balances), pages[0] if pages else None)
    closing = next((balances[code][-1] for code in _CLOSING if code in balances), pages[-1] if pages else None)
    if not entries.count and len(currencies) == 1 and (only := opening or closing):  # nothing moved: one is both
        return opening or only, closing or only, currencies.pop()
    if opening is None or closing is None or opening is closing:
        raise BadLine("it has no opening balance (OPBD) or no closing balance (CLBD)")
    if len(currencies) != 1:
        raise BadLine("its balances are in different currencies")
    return opening, closing, currencies.pop()


def _lines(element: etree._Element, row: int, source: BankSource, currencies: Currencies) -> list[Line]:
    """One line, or of a batch one for each part where every part has its sum and they come to the batch's.

    None of an entry that is not booked.
    """
    entry = _texts(element)
    if _first(entry, "Sts/Cd", "Sts") != _BOOKED:
        return []
    amount, currency = _money(entry, "Amt", currencies)
    value = _day(entry, source, "ValDt/Dt", "ValDt/DtTm")
    booked = _day(entry, source, "BookgDt/Dt", "BookgDt/DtTm") or value
    if booked is None:
        raise BadLine("it has no date of booking (BookgDt)")
    parts = [_texts(part) for part in element.iterfind(_PARTS)]
    counterparties = _counterparties(entry)
    texts = _remittance(entry, counterparties)
    reference = _reference(entry, "AcctSvcrRef", "NtryRef")
    if amounts := _part_amounts(entry, parts, amount, currency, currencies):
        return [
            Line(
                row,
                booked,
                part_amount,
                currency,
                tidy(" ".join((*_remittance(part, counterparties), *texts))),
                _of_part(part) or reference,
                value,
            )
            for part, part_amount in zip(parts, amounts, strict=True)
        ]
    whole = dict.fromkeys((*(text for part in parts for text in _remittance(part, counterparties)), *texts))
    if len(parts) == 1:
        reference = reference or _of_part(parts[0])
    return [Line(row, booked, amount, currency, tidy(" ".join(whole)), reference, value)]


def _part_amounts(entry: Texts, parts: list[Texts], amount: int, currency: str, currencies: Currencies) -> list[int]:
    """The sums of a batch's parts, where every part says its own and they come to the batch's; else none.

    A part without a direction, as all of version 02 are, has that of the batch.
    """
    amounts: list[int] = []
    for part in parts if len(parts) > 1 else ():
        path = next((path for path in _PART_AMOUNTS if path in part), "")
        if not path:
            return []
        part_amount, part_currency = _money({"CdtDbtInd": entry["CdtDbtInd"], **part}, path, currencies)
        if part_currency != currency:
            return []
        amounts.append(part_amount)
    return amounts if sum(amounts) == amount else []


def _counterparties(entry: Texts) -> tuple[str, ...]:
    """Who stands on the other side of an entry; of a reversal both, as it may name them as the original did."""
    sides = ("Cdtr", "Dbtr") if _first(entry, "CdtDbtInd") == "DBIT" else ("Dbtr", "Cdtr")
    return sides if _first(entry, "RvslInd") in ("true", "1") else sides[:1]


def _remittance(element: Texts, counterparties: tuple[str, ...]) -> list[str]:
    """All that an entry or a part says in words: remittance text, references, the other side's names."""
    paths = (
        "RmtInf/Ustrd",
        "RmtInf/Strd/CdtrRefInf/Ref",
        "RmtInf/Strd/AddtlRmtInf",
        *(
            f"RltdPties/{ultimate}{counterparty}/{name}"
            for counterparty in counterparties
            for ultimate in ("", "Ultmt")
            for name in ("Nm", "Pty/Nm")
        ),
        "Refs/EndToEndId",
        "Refs/InstrId",
        "AddtlTxInf",
        "AddtlNtryInf",
    )
    return [text for path in paths for text in element.get(path, ()) if text not in _NO_REFERENCE]


def _of_part(part: Texts) -> str:
    return _reference(part, "Refs/AcctSvcrRef", "Refs/EndToEndId")


def _money(element: Texts, path: str, currencies: Currencies) -> tuple[int, str]:
    """Signed minor units, and the currency."""
    text = _first(element, path)
    currency = _first(element, path + "@Ccy")
    direction = _first(element, "CdtDbtInd")
    if not text or direction not in _SIGNS:
        raise BadLine("an amount or its direction (CRDT, DBIT) is missing")
    try:
        units = currencies.parse_major(text, currency)
    except (BadAmount, UnknownCurrency) as error:
        raise BadLine(str(error).replace(f'"{text}"', f'"{shown(text)}"')) from None
    if units < 0 or "," in text:
        raise BadLine(f'amount "{shown(text)}" is negative or has a comma: no amount of CAMT is so')
    return _SIGNS[direction] * units, currency


def _day(element: Texts, source: BankSource, *paths: str) -> str | None:
    text = _ZONE_OF_DAY.sub("", _first(element, *paths))
    return day(text, source.zone) if text else None


def _reference(element: Texts, *paths: str) -> str:
    references = (text for path in paths for text in element.get(path, ()))
    return next((text for text in references if text not in _NO_REFERENCE), "")


def _first(element: Texts, *paths: str) -> str:
    """The text at the first of the paths that has one."""
    return next((text for path in paths for text in element.get(path, ()) if text), "")


def _texts(element: etree._Element) -> Texts:
    """What stands in an element, by path, whatever the version's namespace; repeated parts are left out.

    The currency of `Amt` stands at `Amt@Ccy`.
    """
    texts: Texts = {}
    _gather(element, "", texts)
    return texts


def _gather(element: etree._Element, prefix: str, texts: Texts) -> None:
    for child in element:
        name = child.tag.rpartition("}")[2]
        if name in _REPEATED:
            continue
        if len(child):
            _gather(child, f"{prefix}{name}/", texts)
        else:
            texts.setdefault(prefix + name, []).append(tidy(child.text or ""))
            if currency := child.get("Ccy"):
                texts.setdefault(f"{prefix}{name}@Ccy", []).append(currency)
