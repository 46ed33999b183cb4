"""The page where a payer pays, in place of the wallet's: one button pays, the other one cancels."""

from html import escape

from aiohttp import web

from recon.money import Currencies
from recon.sandbox.server.account import AccountServer, ApiRequest
from recon.sandbox.server.checkout import complete
from recon.sandbox.worlds.facts import Charge

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sandbox payment</title>
<style>body{{font:1.1rem system-ui;max-width:26rem;margin:4rem auto;padding:0 1rem}}
button{{font:inherit;padding:.5rem 1rem}}</style><h1>{amount}</h1><p>{method}, charge {id}: {status}</p>{form}</html>
"""
_FORM = """<form method="post"><button name="result" value="paid">Pay</button>
<button name="result" value="cancelled">Cancel</button></form>"""


def payer_page(
    server: AccountServer, charge: Charge, request: ApiRequest, now: int, is_answered: bool
) -> web.Response:
    """What a payer sees; an answer leads back to the shop, where the charge has a `return_uri`."""
    if is_answered:
        complete(server, request, now)
        if charge.return_uri:
            return web.Response(status=303, headers={"Location": charge.return_uri})
    page = _PAGE.format(
        amount=f"{charge.currency} {Currencies().show(charge.amount, charge.currency)}",
        method=escape(charge.method.name),
        id=charge.id,
        status=charge.status(now),
        form=_FORM if charge.status(now) == "pending" else "",
    )
    return web.Response(text=page, content_type="text/html")
