"""The API held against its own OpenAPI document by schemathesis: nothing fails, nothing is undocumented."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from recon.people import Person, Role
from tests.kit.page import page

OPERATIONS = 9


async def test_the_api_is_as_its_document_says(tmp_path: Path) -> None:
    async with page(tmp_path) as served:
        headers = served.token(Person("robot", Role.ADMIN))
        await asyncio.to_thread(_hold_against_document, served.url, headers)


def _hold_against_document(url: str, headers: dict[str, str]) -> None:
    """Requests that the document allows, each answer checked against it; raises at the first finding."""
    import schemathesis

    schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json", headers=headers)
    operations: list[Any] = [operation.ok() for operation in schema.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) == OPERATIONS
    few = settings(
        max_examples=5,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for operation in operations:

        @few
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            case.call_and_validate(headers=headers)

        ask()


ROBOTS = {
    Person("robot", Role.ADMIN): 150,
    Person("robot", Role.APPROVER): 40,
    Person("robot", Role.ANALYST, frozenset({"th"})): 40,
    Person("robot", Role.VIEWER, frozenset({"jp"})): 40,
}


@pytest.mark.proof
@pytest.mark.parametrize(("robot", "examples"), ROBOTS.items(), ids=[str(robot.role) for robot in ROBOTS])
async def test_schemathesis_finds_nothing(robot: Person, examples: int, tmp_path: Path) -> None:
    async with page(tmp_path) as served:
        headers = served.token(robot)
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "schemathesis"),
            "run",
            f"{served.url}/api/openapi.json",
            "--header",
            f"Authorization: {headers['Authorization']}",
            "--max-examples",
            str(examples),
            "--continue-on-failure",
            "--generation-database",
            "none",
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await asyncio.wait_for(process.communicate(), 600)
        assert process.returncode == 0, said.decode()


async def test_what_no_document_can_say_is_answered_in_words(tmp_path: Path) -> None:
    async with page(tmp_path) as served:
        headers = served.token(Person("robot", Role.ADMIN))
        async with aiohttp.ClientSession(served.url, headers=headers) as http:
            for body in (
                b'{"rulings": [{"kind": "note", "break_id": "\\ud800"}]}',
                b'{"rulings": [{"kind": "note"}]}',
            ):
                typed = {"Content-Type": "application/json"}
                async with http.post("/api/rulings", data=body, headers=typed) as answer:
                    assert (answer.status, await answer.json()) == (404, {"error": "there is no such break"})
            for body in (b"[" * 100_000, b"\xff", b'"text"', b"{}"):
                async with http.post("/api/runs", data=body, headers=typed) as answer:
                    assert answer.status == 400, body[:9]
                    assert isinstance(json.loads(await answer.text())["error"], str)
            for first, last in (("2026-03-04", "2026-03-02"), ("2999-01-01", "2999-01-02")):
                async with http.post("/api/runs", json={"from": first, "to": last}) as answer:
                    assert answer.status == 409
            async with http.delete("/api/runs") as answer:
                assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD,POST")
            for path in ("/api/breaks/%00", "/api/reports/%00", "/api/breaks?q=%00", "/api/breaks/%ff"):
                async with http.get(path) as answer:
                    assert answer.status == (200 if "?" in path else 404), path


async def test_forms_that_are_none_are_refused(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.login("anna") as anna:
        token = await anna.csrf("/breaks")
        broken = [
            ("multipart/form-data", b"csrf=x"),
            (
                "multipart/form-data; boundary=x",
                b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n\xff\r\n--x--',
            ),
            ("application/x-www-form-urlencoded; charset=none-such", b"csrf=x"),
            ("application/x-www-form-urlencoded", f"csrf={token}&reason=%00".encode()),
            ("application/x-www-form-urlencoded", b"csrf=\xff"),
        ]
        for kind, body in broken:
            async with anna.http.post("/breaks/rule", data=body, headers={"Content-Type": kind}) as answer:
                assert answer.status == 400, (kind, body)
