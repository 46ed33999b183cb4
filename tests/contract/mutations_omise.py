"""Damage to what Omise answers: odd objects, odd lists, odd pages, odd HTTP; the other accounts stay as they are."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.contract.mutations import Base, Change, mutation
from tests.contract.objects import Json

Answer = Json | web.Response
Field = tuple[str, str, str, object]
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


def fields(kind: str, label: str, value: object, names: str) -> list[Field]:
    return [(kind, name, label, value) for name in names.split()]


NEEDED = "id amount currency status created_at net fee fee_vat transaction metadata refunds funding_amount"
FIELDS: list[Field] = [
    *fields("charges", "absent", ABSENT, f"{NEEDED} captured_amount expires_at source card paid_at refunded_amount"),
    *fields("charges", "null", None, "id amount currency status created_at net metadata refunds"),
    ("charges", "amount", "text", as_text),
    ("charges", "amount", "a float", as_float),
    ("charges", "amount", "a half", 300_000.5),
    ("charges", "amount", "negative", -300_000),
    ("charges", "amount", "a list", [1]),
    ("charges", "amount", "true", True),
    ("charges", "net", "text", as_text),
    ("charges", "refunded_amount", "text", "0"),
    ("charges", "status", "unknown", "half_successful"),
    ("charges", "status", "in capitals", "SUCCESSFUL"),
    ("charges", "currency", "in small letters", "thb"),
    ("charges", "currency", "unknown", "XYZ"),
    ("charges", "funding_currency", "another", "SGD"),
    ("charges", "created_at", "no ISO", "2026-09-12 03:00:00 UTC"),
    ("charges", "created_at", "with offset", "2026-09-12T10:00:00+07:00"),
    ("charges", "created_at", "a number", 1_789_200_000),
    ("charges", "metadata", "a list", []),
    ("charges", "metadata", "a text", "order"),
    ("charges", "description", "a number", 12),
    ("charges", "livemode", "true in a test account", True),
    ("charges", "object", "another", "token"),
    ("charges", "paid", "text", "false"),
    ("charges", "transaction", "a number", 17),
    ("charges", "refunds", "a plain list", []),
    ("charges", "unheard_of", "new", {"deep": [1, None]}),
    *fields("transactions", "absent", ABSENT, "id amount currency direction origin created_at transferable_at key"),
    *fields("transactions", "null", None, "amount direction origin transferable_at"),
    ("transactions", "amount", "text", as_text),
    ("transactions", "amount", "negative", -1),
    ("transactions", "direction", "unknown", "sideways"),
    ("transactions", "origin", "expanded", as_object),
    ("transactions", "currency", "another", "USD"),
    *fields("transfers", "absent", ABSENT, "amount net fee fee_vat total_fee sent paid transactions failure_code"),
    ("transfers", "net", "text", as_text),
    ("transfers", "currency", "another", "USD"),
    *fields("transfers", "null", None, "paid_at bank_account transactions"),
    *fields("refunds", "absent", ABSENT, "amount funding_amount status charge created_at"),
    ("refunds", "status", "unknown", "reversed"),
    ("refunds", "charge", "expanded", as_object),
    ("refunds", "amount", "text", as_text),
    *fields("disputes", "absent", ABSENT, "status charge amount funding_amount transactions"),
    ("disputes", "status", "unknown", "reopened"),
    ("disputes", "closed_at", "null", None),
]
TELLS = {
    "charges: transaction absent": "transaction_missing",
    "charges: amount negative": "amount_out_of_limits",
    "charges: currency unknown": "currency_mismatch",
    "charges: funding_currency another": "transaction_amount_mismatch",
    "transactions: origin absent": "transaction_unexplained",
    "transactions: origin null": "transaction_unexplained",
    "transactions: amount negative": "transaction_amount_mismatch",
}
for kind, name, label, value in FIELDS:
    called = f"{kind}: {name} {label}"
    mutation(called, "_test_", "th", tells=TELLS.get(called, ""), account="th")(with_field(kind, name, value))


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
        mutation(f"list {path}: {label}", path[1:], "th", account="th")(on_list(path, list_change))


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


@mutation("pages of three rows, whatever limit is asked for", "th")
def small_pages(base: Base, _: object) -> None:
    base.th.page_limit = 3


@mutation("pages of three rows, the second page repeats the first", "charges", "th")
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


def updated(changes: Json) -> Callable[[Json], Answer]:
    return lambda body: {**body, **changes}


for label, balance in BALANCES.items():
    other = label == "another currency"
    mutation(f"/balance: {label}", "balance", "th", never_right=other, account="th")(
        on_list("/balance", updated(balance))
    )

ACCOUNTS: dict[str, Json] = {
    "another country": {"country": "JP"},
    "another currency": {"currency": "JPY"},
    "another mode": {"livemode": True},
    "currency in small letters": {"currency": "thb"},
}
for label, account in ACCOUNTS.items():
    mutation(f"/account: {label}", "th", "JP", "live")(on_list("/account", updated(account)))


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
