"""The catalogue of breaks and the payment-method rule book, for whoever looks a word up."""

from aiohttp import web

from recon.methods import HEADS, legend
from recon.people import Right
from recon.rules import CATALOGUE
from reports.page.access.security import require
from reports.page.render import render
from reports.page.site import SITE


async def about(request: web.Request) -> web.Response:
    """The catalogue of breaks and the payment-method rule book."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    return render(request, "about.html", catalogue=CATALOGUE, heads=HEADS, book=legend(site.book, person.sees))
