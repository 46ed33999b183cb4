"""What a form's answer says on the next page, what it can take back, and what was typed; kept for that one look."""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from aiohttp import web
from multidict import MultiDict, MultiMapping

from recon.model.rulings import RulingRequest
from reports.page.access.security import PERSON

_MOST = 1_000


@dataclass(frozen=True)
class Notice:
    """One line: what became of it, and why; `undo` takes it back."""

    good: bool
    words: str
    about: str = ""
    undo: tuple[RulingRequest, ...] = ()


@dataclass(frozen=True)
class _Told:
    who: str
    notices: tuple[Notice, ...]
    typed: MultiMapping[str]


_NOTHING = _Told("", (), MultiDict())


class Notices:
    """Notices by ticket, the latest so many; each for the person that it was made for."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, _Told] = OrderedDict()

    def keep(self, who: str, notices: Sequence[Notice], typed: MultiMapping[str]) -> str:
        """A ticket for the next page's address; `typed`: what a form that was refused held."""
        ticket = secrets.token_urlsafe(12)
        self._told[ticket] = _Told(who, tuple(notices), typed)
        while len(self._told) > _MOST:
            self._told.popitem(last=False)
        return ticket

    def of(self, who: str, ticket: str) -> _Told:
        """What the ticket stands for; nothing for somebody else's, or an old one."""
        told = self._told.get(ticket, _NOTHING)
        return told if told.who == who else _NOTHING

    def take_undo(self, who: str, ticket: str) -> tuple[RulingRequest, ...]:
        """What takes back what the ticket tells of, once."""
        told = self.of(who, ticket)
        if told is not _NOTHING:
            self._told[ticket] = replace(told, notices=tuple(replace(notice, undo=()) for notice in told.notices))
        return tuple(ask for notice in told.notices for ask in notice.undo)


NOTICES = web.AppKey("notices", Notices)


def redirect(
    request: web.Request, path: str, *notices: Notice, typed: MultiMapping[str] = _NOTHING.typed
) -> NoReturn:
    """On to a page that will show the notices, its form filled in with what was typed."""
    ticket = request.app[NOTICES].keep(request[PERSON].name, notices, typed)
    raise web.HTTPSeeOther(f"{path}{'&' if '?' in path else '?'}told={ticket}")


def notices_of(request: web.Request) -> tuple[Notice, ...]:
    """The notices of the page's address."""
    return _told(request).notices


def typed_of(request: web.Request) -> MultiMapping[str]:
    """What was typed into the form that the page's address tells of, where it was refused."""
    return _told(request).typed


def _told(request: web.Request) -> _Told:
    return request.app[NOTICES].of(request[PERSON].name, request.query.get("told", ""))
