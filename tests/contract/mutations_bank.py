"""Damage to bank statements: CSV (th), MT940 (sg) and CAMT.053 (my), each beside good ones of other accounts."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.contract.mutations import Base, mutation

Text = Callable[[str], str | bytes]
UNREADABLE = ("another currency", "currency of another account", "three decimals")
# A credit in another currency is none of the transfer's: both are told, and both are true.
OF_OTHER_CURRENCY = ("another currency", "currency of another account")
NO_CREDIT_OF_ITS_OWN = "bank_credit_missing bank_credit_unexplained"
FILES = {"th": "statement.csv", "sg": "statement.sta", "my": "statement.xml"}


def statement(folder: Path, account: str) -> Path:
    return folder / "bank" / account / FILES[account]


def on_statement(account: str, change: Text) -> Callable[[Base, Path], None]:
    def apply(_: Base, folder: Path) -> None:
        path = statement(folder, account)
        text = path.read_text(encoding="utf-8")
        changed = change(text)
        if changed == text:
            raise AssertionError("the mutation changes nothing")
        path.write_bytes(changed if isinstance(changed, bytes) else changed.encode())

    return apply


def copied(account: str, name: str) -> Callable[[Base, Path], None]:
    def apply(_: Base, folder: Path) -> None:
        path = statement(folder, account)
        path.with_name(name).write_bytes(path.read_bytes())

    return apply


def beside(account: str, name: str, content: bytes) -> Callable[[Base, Path], None]:
    def apply(_: Base, folder: Path) -> None:
        statement(folder, account).with_name(name).write_bytes(content)

    return apply


def without_column(name: str) -> Text:
    def apply(text: str) -> str:
        rows = [line.split(",") for line in text.splitlines()]
        at = rows[0].index(name)
        return "\n".join(",".join(cell for number, cell in enumerate(row) if number != at) for row in rows) + "\n"

    return apply


def each_amount(change: Callable[[str], str]) -> Text:
    return lambda text: re.sub(r"(?m)^([\d-]{10},)([-\d.]+)", lambda found: found[1] + change(found[2]), text)


def each_date(change: Callable[[str], str]) -> Text:
    return lambda text: re.sub(r"(?m)^(\d{4}-\d\d-\d\d)", lambda found: change(found[1]), text)


CSV: dict[str, Text] = {
    "column date dropped": without_column("date"),
    "column amount dropped": without_column("amount"),
    "column currency dropped": without_column("currency"),
    "column description dropped": without_column("description"),
    "column reference dropped": without_column("reference"),
    "column amount renamed": lambda text: text.replace("amount", "Amount (THB)", 1),
    "separator ;": lambda text: text.replace(",", ";"),
    "separator tab": lambda text: text.replace(",", "\t"),
    "decimal comma": each_amount(lambda text: f'"{text.replace(".", ",")}"'),
    "decimal comma without quotes": each_amount(lambda text: text.replace(".", ",")),
    "thousands comma": each_amount(lambda text: f'"{text[:-6]},{text[-6:]}"' if len(text) > 6 else text),
    "thousands point and decimal comma": each_amount(
        lambda text: f'"{text[:-6]}.{text[-6:-3]},{text[-2:]}"' if len(text) > 6 else f'"{text.replace(".", ",")}"'
    ),
    'cells like ="…"': each_amount(lambda text: f'"=""{text}"""'),
    "currency before the amount": each_amount(lambda text: f"THB {text}"),
    "brackets for minus": each_amount(lambda text: f"({text[1:]})" if text.startswith("-") else text),
    "minus behind": each_amount(lambda text: f"{text[1:]}-" if text.startswith("-") else text),
    "unicode minus": each_amount(lambda text: text.replace("-", "\u2212")),
    "Dr and Cr behind": each_amount(lambda text: f"{text[1:]} DR" if text.startswith("-") else f"{text} CR"),
    "three decimals": each_amount(lambda text: text + "5"),
    "dates as DD/MM/YYYY": each_date(lambda text: f"{text[8:]}/{text[5:7]}/{text[:4]}"),
    "dates as DD-MM-YY": each_date(lambda text: f"{text[8:]}-{text[5:7]}-{text[2:4]}"),
    "dates in Buddhist years": each_date(lambda text: f"{int(text[:4]) + 543}{text[4:]}"),
    "dates of 31 September": each_date(lambda _: "2026-09-31"),
    "encoding cp874 with Thai": lambda text: text.replace("RENT", "ค่าเช่า").encode("cp874"),
    "encoding utf-16": lambda text: text.encode("utf-16"),
    "encoding utf-8-sig": lambda text: text.encode("utf-8-sig"),
    "lines that end with CR LF": lambda text: text.replace("\n", "\r\n"),
    "rows before the header": lambda text: "Account number : XXX-X-XX123-4\nFrom Date : 01/09/2026\n" + text,
    "totals row at the end": lambda text: text + "TOTAL,123.00,,,\n",
    "cut inside its last amount": lambda text: text[: text.rstrip().rindex("\n") + 16],
    "one cell more in one row": lambda text: text.replace(",THB,", ",x,THB,", 1),
    "currency of another account": lambda text: text.replace("THB", "SGD"),
    "nothing at all": lambda _: "",
    "an HTML page": lambda _: "<html><body>Session expired</body></html>",
}
for label, text_change in CSV.items():
    words = ("statement.csv", "bank.th", "column")
    never = label in UNREADABLE
    tells = NO_CREDIT_OF_ITS_OWN if label in OF_OTHER_CURRENCY else ""
    mutation(f"bank CSV: {label}", *words, after=True, never_right=never, tells=tells, account="th")(
        on_statement("th", text_change)
    )

MT940: dict[str, Text] = {
    "a point in one amount": lambda text: re.sub(r"(:61:\d{10}[CD]\d+),", r"\1.", text, count=1),
    "a point in every amount": lambda text: re.sub(r"(:61:\d{10}[CD]\d+),", r"\1.", text),
    "a thousands point in its amounts": lambda text: re.sub(r"(:61:\d{10}[CD]\d+)(\d{3},)", r"\1.\2", text),
    "no decimal mark in one amount": lambda text: re.sub(r"(:61:\d{10}[CD]\d+),(\d\d)", r"\1\2", text, count=1),
    "no mark of credit or debit": lambda text: re.sub(r"(:61:\d{10})[CD]", r"\1", text, count=1),
    "an unknown mark": lambda text: re.sub(r"(:61:\d{10})[CD]", r"\1Q", text, count=1),
    "a date that is none": lambda text: re.sub(r":61:\d{6}", ":61:269931", text, count=1),
    "no closing balance": lambda text: re.sub(r":62F:.*\n", "", text),
    "another closing balance": lambda text: re.sub(r":62F:C?D?(\d{6}SGD)\d+", r":62F:C\g<1>999999", text),
    "another currency": lambda text: text.replace("SGD", "USD"),
    "one line left out": lambda text: re.sub(r":61:.*\n:86:OMISE.*\n", "", text, count=1),
    "one line twice": lambda text: re.sub(r"(:61:.*\n:86:OMISE.*\n)", r"\1\1", text, count=1),
    "cut in its middle": lambda text: text[: len(text) // 2],
    "lines that end with CR LF": lambda text: text.replace("\n", "\r\n"),
    "a SWIFT envelope around": lambda text: "{1:F01BANKXXXXAXXX0000000000}{2:I940BANKXXXXN}{4:\n" + text + "}\n",
    "nothing at all": lambda _: "",
    "a CSV instead": lambda _: "date,amount\n2026-09-14,1.00\n",
    "a byte that is no UTF-8": lambda text: text.replace("RENT", "R\udcffNT").encode(errors="surrogateescape"),
}
for label, text_change in MT940.items():
    never = label in UNREADABLE
    tells = NO_CREDIT_OF_ITS_OWN if label in OF_OTHER_CURRENCY else ""
    mutation(f"MT940: {label}", "statement.sta", "bank.sg", after=True, never_right=never, tells=tells, account="sg")(
        on_statement("sg", text_change)
    )

CAMT: dict[str, Text] = {
    "one amount a word": lambda text: re.sub(r'(<Ntry>\s*<Amt Ccy="MYR">)[\d.]+', r"\1much", text, count=1),
    "one amount with a comma": lambda text: re.sub(r'(<Ntry>\s*<Amt Ccy="MYR">\d+)\.', r"\1,", text, count=1),
    "one amount with thousands": lambda text: re.sub(r'(<Ntry>\s*<Amt Ccy="MYR">\d)', r"\1,", text, count=1),
    "one entry without amount": lambda text: re.sub(r'(<Ntry>\s*)<Amt Ccy="MYR">[\d.]+</Amt>', r"\1", text, count=1),
    "one entry without its mark": lambda text: re.sub(
        r"(<Ntry>\s*<Amt.*\s*)<CdtDbtInd>\w+</CdtDbtInd>", r"\1", text, count=1
    ),
    "one entry with an unknown mark": lambda text: re.sub(
        r"(<Ntry>\s*<Amt.*\s*<CdtDbtInd>)\w+", r"\1BOTH", text, count=1
    ),
    "one entry of another currency": lambda text: re.sub(r'(<Ntry>\s*<Amt Ccy=")MYR', r"\1XXX", text, count=1),
    "one entry without dates": lambda text: re.sub(r"<BookgDt>.*</BookgDt>\s*<ValDt>.*</ValDt>", "", text, count=1),
    "one entry with a date that is none": lambda text: re.sub(r"<Dt>2026-09-14", "<Dt>2026-13-14", text),
    "one entry left out": lambda text: re.sub(r"<Ntry>(?:(?!</Ntry>)[\s\S])*OMISE[\s\S]*?</Ntry>", "", text, count=1),
    "another closing balance": lambda text: re.sub(r'(CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="MYR">)', r"\g<1>9", text),
    "cut in its middle": lambda text: text[: len(text) // 2],
    "version 08 of the format": lambda text: text.replace("camt.053.001.02", "camt.053.001.08"),
    "no namespace": lambda text: re.sub(r' xmlns="[^"]*"', "", text),
    "a notification (camt.054)": lambda text: text.replace("camt.053.001.02", "camt.054.001.02").replace(
        "BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn"
    ),
    "an entity of its own": lambda text: text.replace(
        "<Document", '<!DOCTYPE Document [<!ENTITY rent "RENT">]><Document', 1
    ).replace("RENT", "&rent;"),
    "encoding utf-16": lambda text: text.replace("UTF-8", "UTF-16").encode("utf-16"),
    "nothing at all": lambda _: "",
}
for label, text_change in CAMT.items():
    mutation(f"CAMT: {label}", "statement.xml", "bank.my", after=True, account="my")(on_statement("my", text_change))

for account, name in (("th", "copy.csv"), ("sg", "copy.sta"), ("my", "copy.xml")):
    mutation(f"bank {account}: the same statement in a second file", name, after=True)(copied(account, name))
for account, name in (("th", "zz.csv"), ("sg", "zz.sta"), ("my", "zz.xml")):
    junk = bytes(range(256)) * 2
    mutation(f"bank {account}: an unreadable file beside", name, after=True, account=account)(
        beside(account, name, junk)
    )


@mutation("bank th: no statement at all", "bank.th", after=True)
def no_statement(_: Base, folder: Path) -> None:
    statement(folder, "th").unlink()
