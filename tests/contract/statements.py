"""Bank statements as MT940 and CAMT.053, which open at nothing and whose lines add up to their closing balance."""

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

Lines = Iterable[Mapping[str, str]]


def comma(amount: str) -> str:
    """An amount as SWIFT writes it: a comma always, no sign."""
    return amount.lstrip("-").replace(".", ",") + ("" if "." in amount else ",")


def closing(lines: Lines) -> tuple[str, str]:
    """Mark and amount of the balance after these lines."""
    amounts = [line["amount"] for line in lines]
    decimals = max((len(amount.partition(".")[2]) for amount in amounts), default=0)
    total = sum(int(amount.replace(".", "")) for amount in amounts)
    digits = str(abs(total)).rjust(decimals + 1, "0")
    text = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
    return ("D" if total < 0 else "C"), text


def mt940(currency: str, lines: Lines) -> str:
    rows = list(lines)
    body = [":20:STATEMENT", ":25:BANKXXXX/0010000010", ":28C:00001/001", f":60F:C260801{currency}0,00"]
    for line in rows:
        day = line["date"].replace("-", "")[2:]
        mark = "D" if line["amount"].startswith("-") else "C"
        body.append(f":61:{day}{day[2:]}{mark}{comma(line['amount'])}NTRFNONREF")
        body.append(f":86:{line['description']} {line['reference']}".rstrip())
    mark, total = closing(rows)
    body += [f":62F:{mark}260918{currency}{comma(total)}", "-"]
    return "\n".join(body) + "\n"


def camt053(currency: str, lines: Lines) -> str:
    rows = list(lines)
    entries = "\n".join(camt_entry(currency, line) for line in rows)
    mark, total = closing(rows)
    indicator = "DBIT" if mark == "D" else "CRDT"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">
<BkToCstmrStmt>
<GrpHdr><MsgId>STATEMENT1</MsgId><CreDtTm>2026-09-18T08:00:00</CreDtTm></GrpHdr>
<Stmt>
<Id>1</Id><CreDtTm>2026-09-18T08:00:00</CreDtTm>
<Acct><Id><Othr><Id>0010000010</Id></Othr></Id><Ccy>{currency}</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">0.00</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-08-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{total}</Amt>
<CdtDbtInd>{indicator}</CdtDbtInd><Dt><Dt>2026-09-18</Dt></Dt></Bal>
{entries}
</Stmt>
</BkToCstmrStmt>
</Document>
"""


def camt_entry(currency: str, line: Mapping[str, str]) -> str:
    indicator = "DBIT" if line["amount"].startswith("-") else "CRDT"
    text = escape(f"{line['description']} {line['reference']}".rstrip())
    return f"""<Ntry>
<Amt Ccy="{currency}">{line["amount"].lstrip("-")}</Amt>
<CdtDbtInd>{indicator}</CdtDbtInd>
<Sts>BOOK</Sts>
<BookgDt><Dt>{line["date"]}</Dt></BookgDt>
<ValDt><Dt>{line["date"]}</Dt></ValDt>
<NtryDtls><TxDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls>
</Ntry>"""
