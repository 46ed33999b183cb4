"""Omise's own Python client, freshly installed, reads every kind of object from the sandbox."""

import asyncio
import json
import venv
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from recon.sandbox.server.app import serve
from recon.sandbox.worlds.world import make_world

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


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return out.decode()


@pytest.mark.proof
async def test_the_official_client_lists_pages_and_retrieves_each_kind(tmp_path: Path) -> None:
    await asyncio.to_thread(venv.create, tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    await run(python, "-m", "pip", "install", "--quiet", "omise")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    world = make_world(11, date(2026, 3, 2), date(2026, 3, 15), 1_500, live=True)
    async with serve(world) as running:
        said: dict[str, Any] = json.loads(await run(python, str(script), running.url))
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
