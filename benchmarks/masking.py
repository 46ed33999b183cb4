"""How long each pattern that sees outside text takes over a megabyte of hostile text; the bound is 0.1 s of CPU."""

import sys
from collections.abc import Callable
from contextlib import suppress
from time import process_time
from zoneinfo import ZoneInfo

import pyarrow as pa

from jobs.logs.redaction import masked_for_logs
from recon.bank.source import BankSource, StatementKind
from recon.bank.texts import kept as kept_for_banks
from recon.bank.texts import masked as masked_for_banks
from recon.bank.texts import pattern_of, tidy
from recon.bank.texts import shown as shown_of_banks
from recon.bank.texts import worded as worded_of_banks
from recon.expressions import compiled
from recon.matching.names import listed, words_of
from recon.model.transfer_names import named_in
from recon.money import Currencies
from recon.omise.scrub import Scrub
from recon.privacy import HashKey, hidden_id, is_address_or_card, is_harmless, mask, masked_prose, redact, shown_cell
from recon.tabular.amounts import amounts
from recon.tabular.encodings import decoded
from recon.tabular.faults import grouped, quoted, shown_names
from recon.tabular.files import SourceFile
from recon.tabular.kinds import kinds_in
from recon.tabular.layout import folded
from recon.tabular.moments import days, moments
from recon.tabular.table import SourceUnreadable

SIZE = 1_000_000
BOUND_S = 0.1
FILE_BOUND_S = 0.3  # of a whole statement, which a library reads as well
SCRUB = Scrub(HashKey((b"k" * 32,)))
TEXTS = {
    "letters": "x",
    "capitals": "X",
    "words": "ab ",
    "capitals after order": "order AB ",
    "letters and dots": "a.",
    "hosts": "www.",
    "hosts without an end": "https://www.omise.co/",
    "at signs": "@",
    "addresses without an end": "a@b",
    "addresses": "a@b.co ",
    "addresses in one": "a@b.co",
    "dots behind an at": "a@b.",
    "links to addresses": "a%40b.co",
    "dashes": "-",
    "underscores": "_",
    "digits": "4",
    "zeros": "0",
    "digits and blanks": "4242 ",
    "digits and dashes": "4-",
    "digits and dots": "1.",
    "digits and commas": "1,234,",
    "halves of cards": "4242 4242 4242 ",
    "cards": "4242424242424242 ",
    "phones": "081-234-5678 ",
    "halves of phones": "+66(",
    "plus signs": "+",
    "brackets of phones": "+6 (.)-",
    "Thai ids": "1101700230708 ",
    "labelled ids": "order 1101700230708 ",
    "labels": "order no. ",
    "NRIC": "S1234567D ",
    "MyKad": "900101-14-1234 ",
    "days": "2026-11-24T",
    "keys": "skey_test_",
    "halves of keys": "skey",
    "percent signs": "%40",
    "quotes": '"',
    "brackets": "[",
    "lists": "[,",
    "masked": "[masked]",
    "halves of masked": "[mask",
    "braces": '{"a":',
    "blanks": " ",
    "tabs": "\t",
    "line ends": "\n",
    "colons": "://",
    "passwords": "://a:",
    "authorization": "authorization:",
    "authorization and blanks": "authorization : ",
    "basic": "Basic ",
    "Basic and blanks": "Basic  Basic",
    "halves of an IBAN": "DE89 3704 ",
    "one IBAN": "DE893704",
    "accounts": "account no: 1-",
    "labels of accounts": "a/c no ....",
    "transfers": "trsf_test_",
    "Thai": "ก",
    "Thai labels": "บัญชี ",
    "Thai digits": "๑๒๓",
    "kana": "ｵﾐｾ",
    "Chinese": "订单号",
    "wide signs": "＠．（",
    "combining marks": "e\u0301",
    "marks that nobody sees": "1\u200b",
    "emoji": "😀",
    "NUL": "\0",
}


def hostile(kind: str, size: int) -> str:
    """A text of a kind, of so many characters."""
    piece = TEXTS[kind]
    return (piece * (size // len(piece) + 1))[:size]


def _words(text: str) -> object:
    return words_of(pa.array([text], pa.large_string()))


def _file(text: str) -> SourceFile:
    return SourceFile("hostile", text.encode())


def _statement(kind: str, before: str = "") -> Callable[[str], object]:
    """A file of the kind, hostile from its first characters on."""
    source = BankSource(name="main", account="th", currency="THB", kind=kind, path="/", zone=ZoneInfo("Asia/Bangkok"))

    statement = kinds_in("recon.bank")[kind]
    assert isinstance(statement, StatementKind)

    def read(text: str) -> object:
        with suppress(SourceUnreadable):
            return statement.read(_file(before + text), source, Currencies())
        return None

    return read


def _in_a_field(field: str) -> Callable[[str], object]:
    return lambda text: SCRUB.clean({"object": "charge", field: text})


PATTERNS: dict[str, Callable[[str], object]] = {
    "privacy.redact": redact,
    "privacy.mask": mask,
    "privacy.mask, strict": lambda text: mask(text, strict=True),
    "privacy.masked_prose": masked_prose,
    "privacy.is_harmless": is_harmless,
    "privacy.is_address_or_card": is_address_or_card,
    "privacy.hidden_id": lambda text: hidden_id(text, SCRUB.hash_key),
    "privacy.shown_cell": shown_cell,
    "omise.scrub: description": _in_a_field("description"),
    "omise.scrub: a dispute's message": _in_a_field("message"),
    "omise.scrub: a link": _in_a_field("authorize_uri"),
    "omise.scrub: an unknown field": _in_a_field("comment"),
    "omise.scrub: an unknown key": lambda text: SCRUB.clean({"object": "charge", text: "a"}),
    "omise.scrub: metadata": lambda text: SCRUB.clean({"object": "charge", "metadata": {"note": text}}),
    "omise.scrub: an order's key": lambda text: SCRUB.clean({"object": "charge", "metadata": {"order_id": text}}),
    "omise.scrub: a key of metadata": lambda text: SCRUB.clean({"object": "charge", "metadata": {text: "a"}}),
    "matching.names: words": _words,
    "matching.names: lists": listed,
    "model.transfer_names": named_in,
    "tabular.moments: a time": lambda text: moments(pa.array([text]), ZoneInfo("Asia/Bangkok")),
    "tabular.moments: a day": lambda text: days(pa.array([text]), ZoneInfo("Asia/Bangkok")),
    "tabular.amounts: a cell": lambda text: amounts(pa.array([text]), pa.array(["THB"]), "major", Currencies()),
    "tabular.layout: a column's name": lambda text: folded(text),
    "tabular.encodings: of a file": lambda text: decoded(_file(text), None, "orders.shop"),
    "tabular.faults: names of columns": lambda text: shown_names([text]),
    "tabular.faults: a cell in a reason": lambda text: quoted(f'status "{text}"', text),
    "tabular.faults: reasons": lambda text: grouped([("status", text)]),
    "bank.texts.tidy": tidy,
    "bank.texts.masked": masked_for_banks,
    "bank.texts.kept": kept_for_banks,
    "bank.texts.shown": shown_of_banks,
    "bank.texts.worded": worded_of_banks,
    "bank.mt940: a file": _statement("mt940"),
    "bank.mt940: a statement": _statement("mt940", ":20:1\n:60F:C261120THB0,00\n"),
    "bank.mt940: a line": _statement("mt940", ":20:1\n:60F:C261120THB0,00\n:61:2611201120C"),
    "bank.ofx: a file": _statement("ofx"),
    "bank.camt053: a file": _statement("camt053"),
    "bank: payout_pattern": lambda text: pattern_of("OMISE|オミセ").search(text),
    "an exponential description_pattern": compiled("(x+)+$|(a.b@?)+!").search,
    "jobs.logs.redaction": masked_for_logs,
}


def seconds(pattern: Callable[[str], object], text: str, enough: float = BOUND_S / 2) -> float:
    """CPU seconds, best of three where it takes more than `enough`: other processes make no text slow."""
    best = float("inf")
    for _ in range(3):
        began = process_time()
        pattern(text)
        best = min(best, process_time() - began)
        if best < enough or best > 3 * BOUND_S:
            break
    return best


def measured(pattern: Callable[[str], object], kind: str) -> tuple[float, int]:
    """The seconds of a kind's text and its size: a megabyte, or the first one that takes far too long."""
    size = SIZE // 4**4
    while True:
        took = seconds(pattern, hostile(kind, size))
        if size == SIZE or took > 3 * BOUND_S:  # what comes after it would take sixteen times as long
            return took, size
        size = min(4 * size, SIZE)


def main() -> int:
    """Prints a row for each pattern and text, the slow ones marked; 1 where one is over the bound."""
    over = 0
    print(f"{'pattern':36} {'hostile text':26} {'seconds':>8} {'characters':>10}")
    for name, pattern in PATTERNS.items():
        for kind in TEXTS:
            took, size = measured(pattern, kind)
            is_slow = took > (FILE_BOUND_S if name.endswith((": a file", ": a statement", ": a line")) else BOUND_S)
            over += is_slow
            print(f"{name:36} {kind:26} {took:8.4f} {size:10,}{'  over' if is_slow else ''}", flush=True)
    print(f"{len(PATTERNS)} patterns, {len(TEXTS)} texts: {over} of {len(PATTERNS) * len(TEXTS)} over their bound")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
