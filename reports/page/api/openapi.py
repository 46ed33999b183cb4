"""The OpenAPI 3.1 document of the page's API, by hand."""

from collections.abc import Iterable, Mapping
from typing import Any

from recon.model import BREAK_IDS, Exposure, Severity
from recon.model.rulings import Outcome, RulingKind
from recon.store.desk.worklist import SORTS
from reports.page.breaks.address import AGE_SPANS, STATUSES

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "integer"}
_MAYBE: Schema = {"type": ["string", "null"]}
_MAYBE_NUMBER: Schema = {"type": ["integer", "null"]}
_DAY: Schema = {"type": "string", "format": "date"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_BREAK_TEXTS = (
    "id",
    "code",
    "title",
    "exposure",
    "severity",
    "status",
    "subject_type",
    "subject_id",
    "first_seen",
    "last_seen",
)
_BREAK_MAYBE = ("account", "region", "currency", *BREAK_IDS, "due_by", "occurred_on", "owner")
_BREAK_NUMBERS = ("expected", "actual", "difference", "amount_at_risk")


def document(version: str) -> Schema:
    """All paths, with what they take and give."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "omise-recon", "version": version},
        "security": [{"token": []}],
        "paths": {
            "/api/breaks": {"get": _get("Breaks, a page at a time", _filters(), _list("breaks", "Break", _PAGED))},
            "/api/breaks/{id}": {"get": _get("One break with its history", [_in_path("id")], _ref("BreakInFull"))},
            "/api/rulings": {"post": _post("Rule on breaks, all in one transaction", _rulings(), _answers(), 200)},
            "/api/patterns": {"get": _get("Patterns that wait or stand", [], _list("patterns", "Pattern"))},
            "/api/runs": {
                "get": _get("The latest runs", [_query("limit", _bounded(1_000))], _list("runs", "Run")),
                "post": _post(
                    "Run a range again",
                    _run_request(),
                    _object({"ticket": _TEXT, "signed": _texts()}),
                    202,
                    _CONFLICT,
                ),
            },
            "/api/runs/{ticket}": {"get": _get("How far a run is", [_in_path("ticket")], _ref("Progress"))},
            "/api/reports": {"get": _get("Finished workbooks", [], _list("reports", "Report"))},
            "/api/reports/{sha256}": {"get": _file()},
            "/api/openapi.json": {"get": _get("This document", [], {"type": "object"})},
        },
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}, "schemas": _schemas()},
    }


_CONFLICT = {"409": "The range ends before it begins, or in the future"}
_PAGED = {"total": _NUMBER, "page": _NUMBER, "per_page": _NUMBER}


def _schemas() -> Schema:
    plain = {
        **dict.fromkeys(_BREAK_TEXTS, _TEXT),
        **dict.fromkeys(_BREAK_MAYBE, _MAYBE),
        **dict.fromkeys(_BREAK_NUMBERS, _MAYBE_NUMBER),
        "age_days": _NUMBER,
        "explanation": _TEXT,
        "suggestion": _TEXT,
    }
    more = {"version": _NUMBER, "events": _array(_ref("Event")), "rulings": _array(_ref("Ruling"))}
    part = _object({"account": _TEXT, "from": _DAY, "to": _DAY})
    run = {"run_id": _NUMBER, "status": _TEXT, "as_of": _MOMENT, "by": _TEXT, "accounts": _array(part)}
    seconds = {"type": "object", "additionalProperties": {"type": "number"}}
    ruling = {
        **dict.fromkeys(("id", "kind", "who", "reason", "standing"), _TEXT),
        "at": _MOMENT,
        **dict.fromkeys(("amount", "limit"), _MAYBE_NUMBER),
        **dict.fromkeys(("until", "owner", "order_id", "charge_id", "currency", "code", "pattern"), _MAYBE),
        **dict.fromkeys(("approved_by", "ended_by", "ended_why"), _MAYBE),
    }
    pattern = {
        **dict.fromkeys(("id", "code", "match", "by"), _TEXT),
        "until": _DAY,
        **dict.fromkeys(("account", "approved_by"), _MAYBE),
        "status": {"enum": ["pending_approval", "stands"]},
    }
    report = {"sha256": _TEXT, "name": _TEXT, "account": _TEXT, "from": _DAY, "to": _DAY, "as_of": _MOMENT}
    return {
        "Break": _object(plain),
        "BreakInFull": _object({**plain, **more}),
        "Event": _object({"at": _MOMENT, "what": _TEXT, "who": _TEXT, "detail": _TEXT}),
        "Ruling": _object(ruling),
        "Pattern": _object({**pattern, "covers": _NUMBER}),
        "Run": _object({**run, "timings": seconds}),
        "Progress": _object(
            {
                "stages": _texts(),
                "finished": {"type": "boolean"},
                "run_id": _MAYBE_NUMBER,
                "messages": _texts(),
                "ahead": _NUMBER,
                "seconds": {"type": "number"},
            }
        ),
        "Report": _object({**report, "size": _NUMBER, "result_digest": _TEXT, "audit_head": _MAYBE}),
        "Ticket": _object({"ticket": _TEXT, "signed": _texts()}),
        "Error": _object({"error": _TEXT}),
    }


def _rulings() -> Schema:
    optional = ("reason", "owner", "order_id", "charge_id", "code", "account", "pattern", "break_id")
    ruling_id = {"type": ["string", "null"], "pattern": "^(rul_[0-9]{1,18})?$"}
    ruling = {
        "type": "object",
        "properties": {
            "kind": {"enum": [str(kind) for kind in RulingKind if kind != RulingKind.OPENING]},
            "version": {"type": ["integer", "null"], "minimum": 0, "maximum": 2**63 - 1},
            "until": {"type": ["string", "null"], "format": "date"},
            **dict.fromkeys(optional, _MAYBE),
            "ruling": ruling_id,
        },
        "required": ["kind"],
    }
    return _object({"rulings": {"type": "array", "items": ruling, "minItems": 1, "maxItems": 1_000}})


def _run_request() -> Schema:
    run_request = _object({"from": _DAY, "to": _DAY})
    return {**run_request, "properties": {**run_request["properties"], "accounts": _texts()}}


def _answers() -> Schema:
    became = {"enum": [str(word) for word in Outcome]}
    covers: Schema = {"type": ["array", "null"], "items": _TEXT}
    words = {"words": _TEXT, "ruling": _MAYBE, "status": _MAYBE}
    answer = _object({"id": _MAYBE, "became": became, **words, "covers": covers})
    return _object({"answers": _array(answer)})


def _filters() -> list[Schema]:
    words: Mapping[str, Iterable[str]] = {
        "severity": (severity.word for severity in Severity),
        "status": STATUSES,
        "exposure": Exposure,
        "age": AGE_SPANS,
    }
    amount: Schema = {"type": "string", "pattern": r"^(\d{1,15}(\.\d{1,4})?)?$"}  # major units; empty: any
    day: Schema = {"anyOf": [_DAY, {"const": ""}]}
    return [
        *(_query(name, _TEXT) for name in ("account", "code", "owner", "currency", "q")),
        *(_query(name, {"enum": ["", *map(str, some)]}) for name, some in words.items()),  # empty: any
        *(_query(name, day) for name in ("from", "to", "due")),
        *(_query(name, amount) for name in ("least", "most")),
        *(_query(name, {"enum": ["", *some]}) for name, some in (("sort", SORTS), ("order", ("asc", "desc")))),
        _query("page", _bounded(1_000_000)),
        _query("per_page", _bounded(1_000)),
    ]


def _get(summary: str, parameters: list[Schema], answer: Schema) -> Schema:
    return {"summary": summary, "parameters": parameters, "responses": _responses(answer, 200)}


def _post(summary: str, body: Schema, answer: Schema, status: int, more: Mapping[str, str] | None = None) -> Schema:
    content = {"application/json": {"schema": body}}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": content},
        "responses": {**_responses(answer, status), **_errors({**_SENT, **(more or {})})},
    }


def _file() -> Schema:
    binary: Schema = {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {}}
    answers = {"200": {"description": "The workbook", "content": binary}, **_errors()}
    return {"summary": "One workbook", "parameters": [_in_path("sha256")], "responses": answers}


def _responses(answer: Schema, status: int) -> Schema:
    good = {"description": "As asked", "content": {"application/json": {"schema": answer}}}
    return {str(status): good, **_errors()}


_ANY = {"400": "Not understood", "401": "No token", "403": "Not your role", "404": "Not there, or not yours"}
_SENT = {"408": "Sent too slowly", "413": "Too large"}


def _errors(words: Mapping[str, str] = _ANY) -> Schema:
    content = {"application/json": {"schema": _ref("Error")}}
    return {status: {"description": description, "content": content} for status, description in words.items()}


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(name: str, schema: str, more: Schema | None = None) -> Schema:
    return _object({name: _array(_ref(schema)), **(more or {})})


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _texts() -> Schema:
    return _array(_TEXT)


def _bounded(most: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most}


def _query(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "schema": schema}


def _in_path(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": _TEXT}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
