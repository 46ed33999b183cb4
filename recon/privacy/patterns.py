"""Personal data that a text shows by its shape: e-mail addresses, cards, keys, phones, national ids.

Each pattern is linear in the text: no nested repeats, every run begun at its start only and read once.
"""

import re
from datetime import date
from operator import mul

from recon.bounds import LONGEST_WRITTEN

MASKED = "[masked]"
_SEPARATORS = str.maketrans("", "", " -.()+")

# An address with what hangs on it; the second is one that stands in a link.
_DOMAIN = r"[\w-]++(?:\.[\w-]++)++"
_EMAIL = re.compile(rf"(?<![\w.+%-])[\w.+%-]++@{_DOMAIN}(?:[\w.+%-]*+@{_DOMAIN})*+")
_EMAIL_IN_LINK = re.compile(rf"(?<![\w.+-])[\w.+-]++%40{_DOMAIN}", re.IGNORECASE)
# Card numbers, in one piece or grouped, begin with 22 to 27, 3, 4, 5 or 6 (ISO/IEC 7812); order ids that are a date,
# a moment or a counter begin otherwise and are never taken for one.
_CARD = re.compile(
    r"(?<!\d)(?=[3-6]|2[2-7])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}[ -]\d{6}[ -]\d{4,5})(?!\d)", re.ASCII
)
_KEY = re.compile(r"\b[sp]key_[a-z0-9_]++", re.IGNORECASE)
# The ranges that schemes issue, by length: Visa, Mastercard, American Express, JCB, Diners, UnionPay, Discover.
_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d{2}|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|35(?:2[89]|[3-8]\d)\d{12,15}|3(?:0[0-5]|[689]\d)\d{11,16}|62\d{14,17}|6(?:011|4[4-9]\d|5\d{2})\d{12,15}",
    re.ASCII,
)
# Numbers of people begin where no letter, digit, dash or slash stands before them: references hang on those.
_BEFORE = r"(?:(?<![\dA-Za-z_#/-])|(?<=tel)|(?<=phone)|(?<=mobile)|(?<=call))"
_AFTER = r"(?![\dA-Za-z_]|[-/]\d)"
_GAP = "[ ().-]{0,2}"
_PERSONAL = re.compile(
    rf"(?P<abroad>(?<![\w+])(?:\+65(?:{_GAP}\d){{8}}|\+6[06](?:{_GAP}\d){{8,10}}|\+81(?:{_GAP}\d){{9,11}}"
    rf"|(?:\+|00(?=6[056]|81))\d(?:{_GAP}\d){{7,14}})(?!\d))"
    rf"|{_BEFORE}(?:"
    r"(?P<thai>[1-8](?:\d{12}|[ -]\d{4}[ -]\d{5}[ -]\d{2}[ -]\d))"
    r"|(?P<mykad>\d{6}-\d{2}-\d{4})"
    r"|(?P<twelve>\d{4}(?:\d{8}|[ -]\d{4}[ -]\d{4}))"
    r"|(?P<phone>0[1-9]\d{8,9}|\(?0[1-9]\d{0,2}\)?[ .-]\d{2,4}[ .-]?\d{3,4}(?:[ .-]\d{3,4})?|0[1-9]\d{4,7}[ -]\d{4}"
    r"|66[2-9]\d{7,8}|601\d{8,9}|81[789]0\d{8}|65[3689]\d{7}|[3689]\d{3}[ -]\d{4})"
    r"|(?P<nric>[STFGMstfgm]\d{7}[A-Za-z])"
    rf"){_AFTER}",
    re.ASCII,
)
_SEVEN_DIGITS = re.compile(r"\d(?:[ ().-]{0,2}\d){6}")  # fewer have no phone, card or national id
# Words after which a number is an order's, whatever it looks like; what may stand between the two.
_LABELS = (
    *("order", "orders", "invoice", "invoices", "receipt", "booking", "ticket", "reference", "pesanan", "tempahan"),
    *("invois", "resit", "注文", "受注", "伝票", "订单", "訂單", "单号", "單號", "ออเดอร์", "ออร์เดอร์", "คำสั่งซื้อ"),
    *("ใบสั่งซื้อ", "ใบแจ้งหนี้", "charge", "refund", "transaction", "event"),
)
_LABEL_ENDS = ("id", "ids", "no", "nr", "num", "number", "code", "ref", "番号", "號", "号", "编号", "เลขที่", "หมายเลข")
_LABEL_MARKS = " .:#=\"'(-_\t\n"
_LABEL_LENGTH = 32
_UNSEEN = re.compile(r"[^\x00-\x7f]")  # as do digits of other scripts
_NRIC_LETTERS = {"S": "JZIHGFEDCBA", "T": "GFEDCBAJZIH", "F": "XWUTRQPNMLK", "G": "RQPNMLKXWUT", "M": "KLJNPQRTUWX"}
_NRIC_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)
_THAI_WEIGHTS = tuple(range(13, 1, -1))
_MY_NUMBER_WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_DOUBLED = str.maketrans("0123456789", "0246813579")
_ZERO = ord("0")
_NO_BIRTHPLACE = frozenset({"00", "17", "18", "19", "20", "69", "70", "73", "80", "81", "94", "95", "96", "97"})
_NO_PROVINCE = frozenset({"28", "29", "59", "68", "69", "78", "79", "87", "88", "89", "97", "98", "99"})


def redact(text: str) -> str:
    """The text with e-mail addresses, card numbers (Luhn) and Omise keys masked; everything else stays.

    For what the software itself wrote, where ids stand without a word before them.
    """
    if "@" in text:
        text = _EMAIL.sub("[e-mail]", text)
    if "key_" in text or "KEY_" in text:
        text = _KEY.sub("[key]", text)
    if len(text) > LONGEST_WRITTEN:
        return _CARD.sub("[card number]", text)
    return _CARD.sub(lambda match: "[card number]" if _luhn(_digits(match.group())) else match.group(), text)


def mask(text: str, *, strict: bool = False) -> str:
    """As `redact`; phones of four countries and national ids with right check digits are masked, too.

    Of a number that a word calls an order's, an invoice's or the like nothing is masked but a card number. `strict`
    takes no such word, and numbers that may be phones without their first 0. Of what is longer than anybody writes
    nothing stays.
    """
    if len(text) > LONGEST_WRITTEN:
        return MASKED
    if not ("@" in text or "%40" in text or "key_" in text or "＠" in text or _SEVEN_DIGITS.search(text)):
        return text
    plain = text if text.isascii() else _UNSEEN.sub(_ascii, text)
    masked = redact(_EMAIL_IN_LINK.sub("[e-mail]", plain) if "%40" in plain else plain)
    masked = _PERSONAL.sub(lambda match: _masked_number(match, strict=strict), masked)
    return text if masked == plain else masked


def is_address_or_card(text: str) -> bool:
    """Whether a text is an e-mail address, or a card number of a range that is issued, and nothing else."""
    text = text.strip()
    if "@" in text:
        return _EMAIL.fullmatch(text) is not None
    digits = _digits(text)
    return 13 <= len(digits) <= 19 and _ISSUED.fullmatch(digits) is not None and _luhn(digits)


def _ascii(match: re.Match[str]) -> str:
    """Digits, dashes and the like of other scripts as ASCII has them; marks that nobody sees are taken out."""
    letter = match.group()
    if letter.isdecimal():
        return str(int(letter))
    return _ALIKE.get(letter, letter)


_ALIKE = {
    **dict.fromkeys("‐‑‒–—−－ー", "-"),
    **dict.fromkeys("\u00a0\u2007\u202f\u3000", " "),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
    "＠": "@",
    "．": ".",
    "＋": "+",
    "（": "(",
    "）": ")",
}


def _masked_number(match: re.Match[str], *, strict: bool) -> str:
    text = match.group()
    kind = match.lastgroup
    digits = _digits(text)
    if kind == "thai":
        hit = _is_thai(digits)
    elif kind == "mykad":
        hit = _is_mykad(digits)
    elif kind == "twelve":
        hit = _is_my_number(digits) or ("-" not in text and " " not in text and _is_mykad(digits))
    elif kind == "nric":
        hit = _is_nric(text.upper())
    else:
        hit = kind == "abroad" or _is_phone(text, digits, strict=strict)
    if not hit or (not strict and kind != "abroad" and _is_labelled(match)):
        return text
    return "[phone]" if kind in ("abroad", "phone") else "[national id]"


def _is_labelled(match: re.Match[str]) -> bool:
    start = match.start()
    before = match.string[max(0, start - _LABEL_LENGTH) : start].rstrip(_LABEL_MARKS).casefold()
    if before.endswith(_LABELS):
        return True
    end = next((end for end in _LABEL_ENDS if before.endswith(end)), "")
    return bool(end) and before[: -len(end)].rstrip(_LABEL_MARKS).endswith(_LABELS)


def _is_phone(text: str, digits: str, *, strict: bool) -> bool:
    """In one piece: with its 0, or with a country's number; in groups from nine digits on, or eight of Singapore."""
    if digits[0] == "0":
        return 9 <= len(digits) <= 11
    return strict or digits != text or digits.startswith(("66", "601", "81"))


def _is_thai(digits: str) -> bool:
    total = _weighed(_THAI_WEIGHTS, digits)
    return (11 - total % 11) % 10 == int(digits[12]) and digits[1:3] not in _NO_PROVINCE


def _is_mykad(digits: str) -> bool:
    """YYMMDD, a place of birth, and four digits more: there is no check digit that all have."""
    if digits[6:8] in _NO_BIRTHPLACE:
        return False
    try:
        date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    except ValueError:
        return digits[2:6] == "0229"
    return True


def _is_my_number(digits: str) -> bool:
    rest = _weighed(_MY_NUMBER_WEIGHTS, digits) % 11
    return int(digits[11]) == (0 if rest <= 1 else 11 - rest)


def _is_nric(text: str) -> bool:
    total = _weighed(_NRIC_WEIGHTS, text[1:]) + {"T": 4, "G": 4, "M": 3}.get(text[0], 0)
    place = total % 11
    return _NRIC_LETTERS[text[0]][10 - place if text[0] == "M" else place] == text[8]


def _weighed(weights: tuple[int, ...], digits: str) -> int:
    total: int = sum(map(mul, weights, digits.encode()))
    return total - _ZERO * sum(weights)


def _digits(text: str) -> str:
    return text.translate(_SEPARATORS)


def _luhn(digits: str) -> bool:
    even = digits[-1::-2]
    doubled = digits[-2::-2].translate(_DOUBLED)
    return (sum((even + doubled).encode()) - _ZERO * len(digits)) % 10 == 0
