"""A list's query (from, to, offset, limit, order) and its answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from recon.sandbox.forms import stamp
from recon.sandbox.server.lists import ObjectList
from recon.sandbox.server.profile import ApiError
from recon.sandbox.worlds.facts import Thing

ORDERS = ("chronological", "reverse_chronological")
LIMIT = 20
MOST = 100


@dataclass(frozen=True, slots=True)
class Query:
    """What a list is asked for; moments in epoch seconds, `until` None where no `to` was sent."""

    since: int
    until: int | None
    offset: int
    limit: int
    order: str


def read_query(params: Mapping[str, str]) -> Query:
    """Read a list's parameters; raises ApiError.

    A limit above 100 is served as 100: Omise's page says "max 100" and not what happens beyond, and a server that
    clamps catches a client that trusts its own limit instead of the answer's.
    """
    order = params.get("order", ORDERS[0])
    if order not in ORDERS:
        raise ApiError("bad_request", f"order must be one of {', '.join(ORDERS)}")
    until = _moment("to", params["to"]) if "to" in params else None
    since = _moment("from", params["from"]) if "from" in params else 0
    limit = min(_number("limit", params.get("limit", str(LIMIT))), MOST)
    return Query(since, until, _number("offset", params.get("offset", "0")), limit, order)


def answer_list(objects: ObjectList, query: Query, now: int, location: str, of: Sequence[Thing] | None) -> bytes:
    """The page of a list that a query asks for, as JSON; `of` narrows it to these.

    Rows in from <= created_at < to (Omise leaves open whether the end is inside); without `to`, all that exists now.
    """
    until = now if query.until is None else query.until
    places: Sequence[int] = objects.span(query.since, until, now, through=query.until is None)
    if of is not None:
        wanted = {row.id for row in of}
        places = [p for p, row in zip(places, objects.at(places), strict=True) if row.id in wanted]
    ordered = places if query.order == ORDERS[0] else places[::-1]
    rows = objects.at(ordered[query.offset : query.offset + query.limit])
    rest = {
        "limit": query.limit,
        "offset": query.offset,
        "total": len(places),
        "location": location,
        "order": query.order,
        "from": stamp(query.since),
        "to": stamp(until),
    }
    data = b",".join(objects.encode(row, now) for row in rows)
    return b'{"object":"list","data":[' + data + b"]," + json.dumps(rest).encode()[1:]


def _moment(name: str, text: str) -> int:
    """Epoch seconds; a bare date is its midnight UTC, a time without an offset is UTC; rounded up to a second."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int(moment.replace(microsecond=0).timestamp()) + (moment.microsecond > 0)
    except (ValueError, OverflowError) as error:
        raise ApiError("bad_request", f"{name} must be an ISO 8601 time") from error


def _number(name: str, text: str) -> int:
    if not text.isdecimal():
        raise ApiError("bad_request", f"{name} must be a whole number from 0 on")
    return int(text)
