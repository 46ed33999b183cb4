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


async def page_s(http: aiohttp.ClientSession) -> float:
    """How long the page takes to answer."""
    at = perf_counter()
    async with http.get("/login") as page:
        assert page.status == 200
        await page.read()
    return perf_counter() - at


def spread(took: list[float]) -> tuple[float, float, float]:
    """The median, what nineteen of twenty stay below, and the worst."""
    took.sort()
    return took[len(took) // 2], took[len(took) * 19 // 20], took[-1]


@pytest.mark.proof
async def test_ten_thousand_in_a_minute(tmp_path: Path) -> None:
    async with taking(tmp_path) as intake, aiohttp.ClientSession(intake.url) as http:
        charge = await intake.shop.pay("K-1", 50_000, "THB")
        quiet = [await page_s(http) for _ in range(100)]
        working = asyncio.create_task(intake.intake.run())
        loud: list[float] = []
        begun = perf_counter()

        async def lane(first: int, numbers: range) -> None:
            for number in numbers:
                await asyncio.sleep(max(0.0, begun + number * EVERY_S - perf_counter()))
                body, headers, status = bodies(intake, number)
                async with http.post(PATH, data=body, headers=headers) as answer:
                    assert answer.status == status
                if first == 0 and number % 50 == 0:
                    loud.append(await page_s(http))

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
        for name, times in (("quiet", quiet), ("flooded", loud)):
            print(f"page {name}: " + ", ".join(f"{1000 * at:.0f} ms" for at in spread(times)))
        print(f"{MANY:,} in {took:.0f} s;")
        print(f"memory {grown[0] // 1024} MiB after half, {grown[1] // 1024} MiB after all")
        unknown = sum(number % 8 in (2, 7) for number in range(MANY))
        rows = intake.rows("webhook")
        assert (len(rows), sum(row[5] for row in rows)) == (unknown + 1, unknown)
        assert [row[0] for row in intake.rows("event")] != []
        assert {charge} == {value for row in intake.rows("charge") for value in row if value == charge}
        assert len(intake.rows("charge")) == 1
        assert spread(loud)[1] < 0.1 + spread(quiet)[1], "the page waits, and not for the machine"
        assert grown[1] - grown[0] < 30 * 1024
