"""What a list's address asks for: filters, sort and page; words that are not known are refused in words."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TypeVar

from aiohttp import web
from multidict import MultiMapping

from recon.model import AGES, CLOSED, BreakStatus, Exposure, Severity
from recon.people import Person
from recon.rules import CATALOGUE, RULE_OF, exposure_of
from recon.store.desk import worklist
from recon.store.desk.worklist import Filter, SignedCodes
from reports.page.numbers import PAGES, whole_number
from reports.page.site import Site

NOBODY = "-"
_DESCENDING = ("severity", "risk")  # what is read from the largest on; the rest from the smallest
_ORDERS = {"asc": False, "desc": True}
STATUSES: dict[str, tuple[BreakStatus, ...]] = {
    **{str(status): (status,) for status in BreakStatus},
    "closed": tuple(sorted(CLOSED)),
    "all": tuple(BreakStatus),
}
AGE_SPANS = {f"{least}-{'' if most is None else most}": (least, most) for least, most in AGES}
_AMOUNT = re.compile(r"\d[\d,]{0,15}(?:\.\d{0,4})?", re.ASCII)
_SOUGHT = re.compile(rf"(?:[A-Za-z]{{3}}\s+)?({_AMOUNT.pattern})(?:\s+[A-Za-z]{{3}})?", re.ASCII)
_T = TypeVar("_T")


@dataclass(frozen=True)
class ListAddress:
    """A list as its address asks for it; pages count from 1."""

    filters: Filter
    sort: str = "severity"
    descending: bool = True
    page: int = 1


def list_of(site: Site, person: Person, query: MultiMapping[str]) -> ListAddress:
    """The list of an address; raises 400 in words."""
    sort = _chosen(query, "sort", worklist.SORTS.__contains__, "severity")
    order = _chosen(query, "order", _ORDERS.__contains__, "desc" if sort in _DESCENDING else "asc")
    page = whole_number(query.get("page", "1"), PAGES)
    if page is None:
        raise _refused("page", query["page"])
    return ListAddress(_filter(site, person, query), sort, _ORDERS[order], max(1, page))


def _filter(site: Site, person: Person, query: MultiMapping[str]) -> Filter:
    owner = query.get("owner", "").replace("\0", "")
    text = query.get("q", "").replace("\0", "").strip()
    exposures = _each(query, "exposure", Exposure)
    due = _day(query, "due")
    ages = _each(query, "age", AGE_SPANS.__getitem__)
    return Filter(
        visible=person.accounts,
        accounts=_all(query, "account"),
        codes=_all(query, "code"),
        severities=tuple(_each(query, "severity", lambda word: Severity[word.upper()])),
        statuses=tuple(status for statuses in _each(query, "status", STATUSES.__getitem__) for status in statuses),
        owner="" if owner == NOBODY else owner or None,
        texts=tuple(dict.fromkeys((text, _plain(text)))) if text else (),
        text_codes=_titled(text) if text else (),
        currency=query.get("currency", "").replace("\0", "") or None,
        due_before=datetime.combine(due + timedelta(days=1), time(), UTC) if due else None,
        first_day=_day(query, "from"),
        last_day=_day(query, "to"),
        age=ages[0] if ages else None,
        todays=site.todays(site.clock()) if ages else (),
        least=_amount(query, "least", ROUND_CEILING),
        most=_amount(query, "most", ROUND_FLOOR),
        signed=_signed(exposures) if exposures else None,
    )


def _chosen(query: MultiMapping[str], name: str, is_known: Callable[[str], bool], otherwise: str) -> str:
    word = query.get(name) or otherwise
    if not is_known(word):
        raise _refused(name, word)
    return word


def _all(query: MultiMapping[str], name: str) -> tuple[str, ...]:
    return tuple(value for value in query.getall(name, []) if value and "\0" not in value)


def _each(query: MultiMapping[str], name: str, read: Callable[[str], _T]) -> Sequence[_T]:
    values = []
    for word in _all(query, name):
        try:
            values.append(read(word))
        except (KeyError, ValueError):
            raise _refused(name, word) from None
    return values


def _day(query: MultiMapping[str], name: str) -> date | None:
    text = query.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise _refused(f'day after "{name}"', text) from None


def _amount(query: MultiMapping[str], name: str, rounding: str) -> int | None:
    """Major units of whatever currency in hundredths."""
    text = query.get(name, "").strip()
    if text and not _AMOUNT.fullmatch(text):
        raise _refused(f"{name} amount", text)
    return int((Decimal(text.replace(",", "")) * 100).to_integral_value(rounding)) if text else None


def _plain(text: str) -> str:
    """An amount as it is searched, without its currency and thousands; any other text as it is."""
    match = _SOUGHT.fullmatch(text)
    return match[1].replace(",", "") if match else text


def _titled(text: str) -> tuple[str, ...]:
    """The codes whose words or title have the text in them."""
    sought = text.casefold()
    return tuple(rule.code for rule in CATALOGUE if sought in rule.code or sought in rule.title.casefold())


def _signed(exposures: Sequence[Exposure]) -> tuple[SignedCodes, ...]:
    """Codes and signs of the exposures; what is of no cash effect has the codes that no rule knows, too."""
    is_other = Exposure.NO_CASH in exposures
    return tuple(
        SignedCodes(
            sign,
            tuple(code for code in RULE_OF if (exposure_of(code, 0, sign) in exposures) != is_other),
            is_other,
        )
        for sign in (-1, 0, 1)
    )


def _refused(name: str, word: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=f'this list has no {name} "{word[:80]}"\n')
