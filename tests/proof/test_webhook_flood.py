"""Ten thousand webhooks in a minute, most of them odd: nothing wrong is stored, memory flat, the page quick."""

import asyncio
import gc
import json
import resource
from pathlib import Path
from time import perf_counter

import aiohttp
import pytest

from recon.sandbox.server.webhooks import signature
from tests.kit.webhook_intake import PATH, SECRET, Intake, taking

MANY = 10_000
LANES = 10
EVERY_S = 60 / MANY


def bodies(intake: Intake, number: int) -> tuple[bytes, dict[str, str], int]:
    """One of the flood: genuine twice, unknown to Omise, signed by nobody, old, too large, no event."""
    stamp = int(intake.shop.now.timestamp())
    id = intake.changes()[0].id if number % 8 < 2 else f"evnt_test_{number}"
    body = json.dumps({"object": "event", "id": id, "livemode": False, "data": {}}).encode()
    match number % 8:
        case 3:
            return body, {}, 401
        case 4:
            return body, signature(body, str(stamp - 400), [SECRET]), 401
        case 5:
            large = body + b" " * 70_000
            return large, signature(large, str(stamp), [SECRET]), 413
        case 6:
            return b"[]", signature(b"[]", str(stamp), [SECRET]), 400
    return body, signature(body, str(stamp), [SECRET]), 200


@pytest.mark.proof
async def test_ten_thousand_in_a_minute(tmp_path: Path) -> None:
    async with taking(tmp_path) as intake, aiohttp.ClientSession(intake.url) as http:
        charge = await intake.shop.pay("K-1", 50_000, "THB")
        working = asyncio.create_task(intake.intake.run())
        page_s: list[float] = []
        begun = perf_counter()

        async def lane(first: int, numbers: range) -> None:
            for number in numbers:
                await asyncio.sleep(max(0.0, begun + number * EVERY_S - perf_counter()))
                body, headers, status = bodies(intake, number)
                async with http.post(PATH, data=body, headers=headers) as answer:
                    assert answer.status == status
                if first == 0 and number % 100 == 0:
                    at = perf_counter()
                    async with http.get("/login") as page:
                        assert page.status == 200
                    page_s.append(perf_counter() - at)

        grown = []
        for half in (range(MANY // 2), range(MANY // 2, MANY)):
            await asyncio.gather(*(lane(first, half[first::LANES]) for first in range(LANES)))
            gc.collect()
            grown.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        took = perf_counter() - begun
        async with asyncio.timeout(300):
            while any(row[4] is None for row in intake.rows("webhook")) or not intake.rows("webhook"):
                await asyncio.sleep(1)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        page_s.sort()
        print(f"{MANY:,} in {took:.0f} s; page median {page_s[len(page_s) // 2]:.3f} s, worst {page_s[-1]:.3f} s;")
        print(f"memory {grown[0] // 1024} MiB after half, {grown[1] // 1024} MiB after all")
        unknown = sum(number % 8 in (2, 7) for number in range(MANY))
        rows = intake.rows("webhook")
        assert (len(rows), sum(row[5] for row in rows)) == (unknown + 1, unknown)
        assert [row[0] for row in intake.rows("event")] != []
        assert {charge} == {value for row in intake.rows("charge") for value in row if value == charge}
        assert len(intake.rows("charge")) == 1
        assert page_s[len(page_s) * 9 // 10] < 0.1
        assert grown[1] - grown[0] < 30 * 1024
