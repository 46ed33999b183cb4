"""Templates to answers, and how money, days and moments are written on a page."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from recon.model import percent_of, zone_of
from recon.people import Right
from recon.rules import title_of
from reports.page.access.security import CSRF, PERSON
from reports.page.site import SITE, Site


@cache
def environment() -> Environment:
    """Where the templates are found, and what they may call."""
    environment = Environment(
        loader=PackageLoader("reports.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    environment.filters["title_of"] = title_of
    environment.globals["percent_of"] = percent_of
    return environment


def render(request: web.Request, template: str, **values: Any) -> web.Response:
    """An HTML answer; every template knows who asks, the forms' secret and how amounts are written."""
    site = request.app[SITE]
    person = request.get(PERSON)
    shared: Mapping[str, Any] = {
        "person": person,
        "csrf": request.get(CSRF, ""),
        "can_rule": person is not None and person.has(Right.RULE),
        "can_approve": person is not None and person.has(Right.APPROVE),
        "is_admin": person is not None and person.has(Right.ADMIN),
        "path": request.path,
        "told": request.query.get("told", ""),
        "address": str(request.rel_url.without_query_params("told")),
        "software": site.software,
        "money": lambda amount, currency: money(site, amount, currency),
        "moment": lambda at, account=None: moment(site, at, account),
        "day": day,
        "due": lambda at, account=None: moment(site, at, account, short=True),
    }
    text = environment().get_template(template).render({**shared, **values})
    return web.Response(text=text, content_type="text/html")


def money(site: Site, amount: int | None, currency: str | None) -> Markup:
    """ "THB 1,234.50"; nothing where there is no amount."""
    if amount is None or currency is None:
        return Markup("")
    return Markup('<span class="money"><abbr>{}</abbr> {}</span>').format(
        currency, site.currencies.show(amount, currency)
    )


def moment(site: Site, at: datetime | None, account: str | None = None, short: bool = False) -> Markup:
    """Date and time to the minute in the account's zone, else UTC, with the zone's name; `short`: the date alone."""
    if at is None:
        return Markup("")
    zone = zone_of(account, site.accounts)
    local = at.astimezone(zone)
    if short:
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            at.isoformat(), f"{local:%Y-%m-%d %H:%M} {zone}", f"{local:%Y-%m-%d}"
        )
    return Markup('<time datetime="{}">{} <small>{}</small></time>').format(
        at.isoformat(), f"{local:%Y-%m-%d %H:%M}", zone
    )


def day(value: date | None) -> Markup:
    """2026-01-31."""
    return Markup("") if value is None else Markup('<time datetime="{0}">{0}</time>').format(value.isoformat())
