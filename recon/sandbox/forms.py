"""Omise's objects as forms to fill in: forms.json has every field in Omise's order, with what never differs."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import msgspec

Body = dict[str, Any]

_FORMS: Mapping[str, Body] = msgspec.json.decode(
    resources.files("recon").joinpath("sandbox", "forms.json").read_bytes()
)


def fill(kind: str, **fields: Any) -> Body:
    """An object of a kind with these of its fields; the others are as the form has them."""
    form = _FORMS[kind]
    assert fields.keys() <= form.keys(), f"{kind} has no {fields.keys() - form.keys()}"
    return form | fields


def stamp(at: int) -> str:
    """A moment as Omise writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat()[:19] + "Z"
