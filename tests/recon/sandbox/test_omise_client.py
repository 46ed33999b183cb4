"""Omise's own Python client pays, refunds and reads every kind of object at the sandbox."""

import asyncio
import json
import sys
from datetime import date
from typing import Any

from recon.sandbox.worlds.world import make_world
from tests.kit.sandbox import serve

SCRIPT = """
import json, sys
import omise

omise.api_main, omise.api_version = sys.argv[1], "2019-05-29"
omise.api_secret, omise.api_public = "skey_test_sandbox_th", "pkey_test_sandbox_th"
KINDS = {
    "charges": omise.Charge, "transfers": omise.Transfer, "transactions": omise.Transaction,
    "disputes": omise.Dispute, "refunds": omise.Refund, "events": omise.Event,
    "receipts": omise.Receipt,
}
said = {
    "account": omise.Account.retrieve().country,
    "balance": omise.Balance.retrieve().total,
    "capability": len(omise.Capability.retrieve().payment_methods),
}
for name, kind in KINDS.items():
    listed = kind.list()
    every = list(listed)
    said[name] = {
        "class": type(every[0]).__name__, "total": len(listed), "ids": [row.id for row in every],
        "page": [row.id for row in listed.offset(limit=3, offset=2, order="reverse_chronological")],
    }
    if name != "refunds":
        said[name]["again"] = kind.retrieve(every[0].id).id
window = omise.Charge.list(fromDate="2026-03-04", toDate="2026-03-05")
said["window"] = [charge.created_at[:10] for charge in window]
refund = next(iter(omise.Refund.list()))
charge = omise.Charge.retrieve(refund.charge)
said["refunds"]["again"] = charge.refunds.retrieve(refund.id).id
said["of_charge"] = [row.id for row in charge.list_refunds()]
said["open"] = [dispute.status for dispute in omise.Dispute.list_open_disputes()]
try:
    omise.Charge.retrieve("chrg_test_none")
except omise.errors.NotFoundError as error:
    said["missing"] = str(error)
omise.api_secret = "skey_test_wrong"
try:
    omise.Account.retrieve()
except omise.errors.AuthenticationFailureError as error:
    said["refused"] = str(error)
print(json.dumps(said))
"""


# The KakaoPay document's own steps: source, charge, refund.
PAYING = """
import json, sys
import omise
import requests

omise.api_main, omise.api_version = sys.argv[1], "2019-05-29"
omise.api_secret, omise.api_public = "skey_test_sandbox_th", "pkey_test_sandbox_th"
source = omise.Source.create(type="kakaopay", amount=50000, currency="THB")
charge = omise.Charge.create(
    amount=50000, currency="THB", source=source.id, return_uri="https://shop.example.com/complete",
    metadata={"order_id": "ORDER-123"},
)
steps = [charge.status]
requests.post(charge.authorize_uri, allow_redirects=False)  # the payer
charge.reload()
steps += [charge.status, charge.metadata.order_id, charge.source.type]
refund = charge.refund(amount=20000)
charge.reload()
steps += [refund.amount, refund.status, charge.refunded_amount]
other = omise.Charge.create(amount=50000, currency="THB", source={"type": "kakaopay"})
other.update(description="late")
steps += [other.expire().status, other.description]
try:
    other.refund(amount=50000)
except omise.errors.FailedRefundError as error:
    steps.append(str(error))
try:
    omise.Source.create(type="kakaopay", amount=1999, currency="THB")
except omise.errors.InvalidChargeError as error:
    steps.append(str(error))
print(json.dumps(steps))
"""


async def run(script: str, url: str) -> Any:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script, url), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return json.loads(out)


async def test_the_documents_code_pays_and_refunds() -> None:
    world = make_world(1, date(2026, 3, 2), date(2026, 3, 2), 10, ("th",), plant=False)
    async with serve(world) as running:
        steps = await run(PAYING, running.url)
    assert steps == [
        "pending",
        *("successful", "ORDER-123", "kakaopay"),
        *(20_000, "pending", 20_000),
        *("expired", "late"),
        "charge is not successful",
        "amount must be greater than or equal to 2000 (thb subunits)",
    ]


async def test_the_official_client_lists_pages_and_retrieves_each_kind() -> None:
    world = make_world(11, date(2026, 3, 2), date(2026, 3, 8), 250, ("th",), live=True)
    async with serve(world) as running:
        said = await run(SCRIPT, running.url)
    end, classes = world.as_of.timestamp(), {}
    for kind, rows in world.books["th"].kinds().items():
        known, seen = [row.id for row in rows if row.created <= end], said[kind]
        assert seen["ids"] == known
        assert (seen["total"], seen["again"]) == (len(known), known[0])
        assert seen["page"] == known[::-1][2:5]
        classes[kind] = seen["class"]
    assert classes == {kind: kind.capitalize()[:-1] for kind in classes}
    assert (said["account"], said["balance"] > 0, said["capability"] > 5) == ("TH", True, True)
    assert set(said["window"]) == {"2026-03-04"}
    assert said["refunds"]["again"] in said["of_charge"]
    assert set(said["open"]) == {"open"}
    assert (said["missing"], said["refused"]) == ("the requested object was not found", "authentication failed")
