"""Damage to what Omise answers: odd objects, odd lists, odd pages, odd HTTP; the other accounts stay as they are."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.contract.mutations import Base, Change, mutation
from tests.contract.objects import Json

Answer = Json | web.Response
ABSENT = object()


def answering(change: Callable[[Base, str, dict[str, str], Json], Answer]) -> Change:
    """A mutation of the answers of the Thai account."""

    def apply(base: Base, _: object) -> None:
        def tamper(path: str, query: dict[str, str], body: Json) -> Answer:
            return change(base, path, query, json.loads(json.dumps(body)))

        base.th.tamper = tamper

    return apply


def everywhere(body: Any, object_id: str, change: Callable[[Json], None]) -> Any:
    """The body with the object of that id changed, wherever it stands in it."""
    if isinstance(body, list):
        return [everywhere(item, object_id, change) for item in body]
    if not isinstance(body, dict):
        return body
    changed = {key: everywhere(value, object_id, change) for key, value in body.items()}
    if changed.get("id") == object_id:
        change(changed)
    return changed


def target(base: Base, kind: str) -> str:
    """The object that gets damaged: of charges the third sale's, a plain one; of the others the first."""
    if kind == "charges":
        return str(base.sales["th"][2][1]["id"])
    if kind == "transactions":
        return str(base.sales["th"][2][1]["transaction"])
    return next(iter(base.th.objects[kind]))


def with_field(kind: str, name: str, value: object) -> Change:
    def change(body: Json) -> None:
        if value is ABSENT:
            body.pop(name, None)
        else:
            body[name] = value(body[name]) if callable(value) else value

    def apply(base: Base, _: str, __: dict[str, str], body: Json) -> Answer:
        changed: Json = everywhere(body, target(base, kind), change)
        return changed

    return answering(apply)


def as_text(value: object) -> str:
    return str(value)


def as_float(value: object) -> float:
    return float(str(value))


def as_object(value: object) -> Json:
    return {"object": "charge", "id": value}


FIELDS: dict[str, tuple[tuple[str, str, object], ...]] = {
    "charges": (
        *((name, "absent", ABSENT) for name in "id amount currency status created_at net fee fee_vat".split(" ")),
        *(
            (name, "absent", ABSENT)
            for name in "transaction metadata refunds funding_amount captured_amount".split(" ")
        ),
        *((name, "absent", ABSENT) for name in "expires_at source card paid_at refunded_amount capture".split(" ")),
        *((name, "null", None) for name in "id amount currency status created_at net metadata refunds".split(" ")),
        ("amount", "text", as_text),
        ("amount", "a float", as_float),
        ("amount", "a half", 300_000.5),
        ("amount", "negative", -300_000),
        ("amount", "a list", [1]),
        ("amount", "true", True),
        ("net", "text", as_text),
        ("refunded_amount", "text", "0"),
        ("status", "unknown", "half_successful"),
        ("status", "in capitals", "SUCCESSFUL"),
        ("currency", "in small letters", "thb"),
        ("currency", "unknown", "XYZ"),
        ("funding_currency", "another", "SGD"),
        ("created_at", "no ISO", "2026-09-12 03:00:00 UTC"),
        ("created_at", "with offset", "2026-09-12T10:00:00+07:00"),
        ("created_at", "a number", 1_789_200_000),
        ("metadata", "a list", []),
        ("metadata", "a text", "order"),
        ("description", "a number", 12),
        ("livemode", "true in a test account", True),
        ("object", "another", "token"),
        ("paid", "text", "false"),
        ("transaction", "a number", 17),
        ("refunds", "a plain list", []),
        ("unheard_of", "new", {"deep": [1, None]}),
    ),
    "transactions": (
        *((name, "absent", ABSENT) for name in "id amount currency direction origin created_at".split(" ")),
        *((name, "absent", ABSENT) for name in "transferable_at key".split(" ")),
        *((name, "null", None) for name in "amount direction origin transferable_at".split(" ")),
        ("amount", "text", as_text),
        ("amount", "negative", -1),
        ("direction", "unknown", "sideways"),
        ("origin", "expanded", as_object),
        ("currency", "another", "USD"),
    ),
    "transfers": (
        *((name, "absent", ABSENT) for name in "amount net fee fee_vat total_fee sent paid transactions".split(" ")),
        ("net", "text", as_text),
        ("paid_at", "null", None),
        ("bank_account", "null", None),
        ("transactions", "null", None),
        ("failure_code", "absent", ABSENT),
    ),
    "refunds": (
        *((name, "absent", ABSENT) for name in "amount funding_amount status charge created_at".split(" ")),
        ("status", "unknown", "reversed"),
        ("charge", "expanded", as_object),
        ("amount", "text", as_text),
    ),
    "disputes": (
        *((name, "absent", ABSENT) for name in "status charge amount funding_amount transactions".split(" ")),
        ("status", "unknown", "reopened"),
        ("closed_at", "null", None),
    ),
}
QUICK = {("charges", "amount", "text"), ("charges", "status", "unknown")}
for kind, fields in FIELDS.items():
    for name, label, value in fields:
        mutation(f"{kind}: {name} {label}", "_test_", "th", quick=(kind, name, label) in QUICK)(
            with_field(kind, name, value)
        )


def on_list(path: str, change: Callable[[Json], Answer]) -> Change:
    def apply(_: Base, asked: str, __: dict[str, str], body: Json) -> Answer:
        return change(body) if asked == path else body

    return answering(apply)


LISTS: dict[str, Callable[[Json], Answer]] = {
    "total one too high": lambda body: {**body, "total": body["total"] + 1},
    "total one too low": lambda body: {**body, "total": body["total"] - 1},
    "total absent": lambda body: {key: value for key, value in body.items() if key != "total"},
    "total null": lambda body: {**body, "total": None},
    "total text": lambda body: {**body, "total": str(body["total"])},
    "data null": lambda body: {**body, "data": None},
    "data absent": lambda body: {key: value for key, value in body.items() if key != "data"},
    "data empty, total kept": lambda body: {**body, "data": []},
    "a row twice": lambda body: {**body, "data": body["data"] + body["data"][:1], "total": body["total"] + 1},
    "a row null": lambda body: {**body, "data": [*body["data"], None], "total": body["total"] + 1},
    "rows the other way round": lambda body: {**body, "data": body["data"][::-1]},
    "an error object with 200": lambda _: {"object": "error", "code": "bad_request", "message": "no"},
    "HTML with 200": lambda _: web.Response(text="<html>maintenance</html>", content_type="text/html"),
    "nothing with 200": lambda _: web.Response(text=""),
    "half a document": lambda body: web.Response(text=json.dumps(body)[:-40], content_type="application/json"),
    "a plain list": lambda body: web.json_response(body["data"]),
    "404": lambda _: web.json_response({"object": "error", "code": "not_found", "message": "x"}, status=404),
    "403": lambda _: web.json_response({"object": "error", "code": "forbidden", "message": "x"}, status=403),
    "400": lambda _: web.json_response({"object": "error", "code": "bad_request", "message": "x"}, status=400),
}
for label, list_change in LISTS.items():
    for path in ("/charges", "/transactions", "/transfers"):
        mutation(f"list {path}: {label}", path[1:], "th", quick=(label, path) == ("total one too high", "/charges"))(
            on_list(path, list_change)
        )


def counted(path: str, first: Callable[[], web.Response]) -> Change:
    """The first request to a path gets another answer, later ones the right one."""

    def apply(base: Base, _: object) -> None:
        asked: list[str] = []

        def tamper(at: str, __: dict[str, str], body: Json) -> Answer:
            if at == path and not asked:
                asked.append(at)
                return first()
            return body

        base.th.tamper = tamper

    return apply


for label, status in (("429", 429), ("500", 500), ("503", 503)):
    mutation(f"list /charges: {label} once", "th")(
        counted("/charges", lambda status=status: web.Response(status=status, text="later"))  # type: ignore[misc]
    )


@mutation("pages of three rows, whatever limit is asked for", "th", quick=True)
def small_pages(base: Base, _: object) -> None:
    base.th.page_limit = 3


@mutation("pages of three rows, the second page repeats the first", "charges", "th", quick=True)
def repeated_page(base: Base, _: object) -> None:
    base.th.page_limit = 3

    def tamper(path: str, query: dict[str, str], body: Json) -> Answer:
        if path == "/charges" and int(query.get("offset", 0)) >= 3:
            return {**body, "data": list(base.th.objects["charges"].values())[:3]}
        return body

    base.th.tamper = tamper


@mutation("pages of three rows, a row lost between two pages", "charges", "th")
def lost_between_pages(base: Base, _: object) -> None:
    base.th.page_limit = 3

    def tamper(path: str, query: dict[str, str], body: Json) -> Answer:
        if path == "/charges" and int(query.get("offset", 0)) >= 3:
            return {**body, "data": body["data"][1:]}
        return body

    base.th.tamper = tamper


BALANCES: dict[str, Json] = {
    "total text": {"total": "12"},
    "total null": {"total": None},
    "another currency": {"currency": "SGD"},
    "without on_hold": {"on_hold": None},
}
for label, balance in BALANCES.items():
    mutation(f"/balance: {label}", "balance", "th")(on_list("/balance", lambda body, new=balance: {**body, **new}))  # type: ignore[misc]

ACCOUNTS: dict[str, Json] = {
    "another country": {"country": "JP"},
    "another currency": {"currency": "JPY"},
    "another mode": {"livemode": True},
    "currency in small letters": {"currency": "thb"},
}
for label, account in ACCOUNTS.items():
    mutation(f"/account: {label}", "th", "JP", "live")(on_list("/account", lambda body, new=account: {**body, **new}))  # type: ignore[misc]


@mutation("/receipts: 404, as in a test account", "receipts")
def no_receipts(base: Base, folder: object) -> None:
    missing = web.json_response
    on_list("/receipts", lambda _: missing({"object": "error", "code": "not_found", "message": "x"}, status=404))(
        base,
        folder,  # type: ignore[arg-type]
    )


@mutation("key refused", "th", "key")
def refused_key(base: Base, _: object) -> None:
    def refuse(_: str, __: dict[str, str], ___: Json) -> Answer:
        body = {"object": "error", "code": "authentication_failure", "message": "authentication failed"}
        return web.json_response(body, status=401)

    base.th.tamper = refuse
