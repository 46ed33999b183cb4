"""What a form's answer says on the next page, kept for that one look."""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from aiohttp import web

from reports.page.access.security import PERSON

_MOST = 1_000


@dataclass(frozen=True)
class Notice:
    """One line: what became of it, and why."""

    good: bool
    words: str
    about: str = ""


class Notices:
    """Notices by ticket, the latest so many; each for the person that it was made for."""

    def __init__(self) -> None:
        self._notices: OrderedDict[str, tuple[str, tuple[Notice, ...]]] = OrderedDict()

    def keep(self, who: str, notices: Sequence[Notice]) -> str:
        """A ticket for the next page's address."""
        ticket = secrets.token_urlsafe(12)
        self._notices[ticket] = (who, tuple(notices))
        while len(self._notices) > _MOST:
            self._notices.popitem(last=False)
        return ticket

    def take(self, who: str, ticket: str) -> tuple[Notice, ...]:
        """What the ticket stands for; nothing for somebody else's, or an old one."""
        owner, notices = self._notices.get(ticket, ("", ()))
        return notices if owner == who else ()


NOTICES = web.AppKey("notices", Notices)


def redirect(request: web.Request, path: str, *notices: Notice) -> NoReturn:
    """On to a page that will show the notices."""
    ticket = request.app[NOTICES].keep(request[PERSON].name, notices)
    raise web.HTTPSeeOther(f"{path}{'&' if '?' in path else '?'}told={ticket}")


def notices_of(request: web.Request) -> tuple[Notice, ...]:
    """The notices of the page's address."""
    return request.app[NOTICES].take(request[PERSON].name, request.query.get("told", ""))
