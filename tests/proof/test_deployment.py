"""The compose file's services, started in its order without an engine: from nothing to a log-in and a night."""

import asyncio
import json
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from aiohttp import web

from recon.sandbox.worlds.world import make_world
from tests.kit import container, postgresql
from tests.kit.container import Container
from tests.kit.night_process import free_port
from tests.kit.page import PASSWORD, Visitor
from tests.kit.places import ROOT
from tests.kit.sandbox import serve
from tests.kit.tls import CA, ca_file, listening, server_tls
from tests.test_deploy import COMPOSE, DEPLOY, instructions

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not container.can_be_made(), reason="this machine lets nobody make a root of their own"),
]
NOW = datetime.now(UTC)
YESTERDAY = (NOW.astimezone(ZoneInfo("Asia/Bangkok")) - timedelta(days=1)).date()
RECON = (sys.executable, "-c", "from jobs.cli.app import main; main()")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A copy of deploy/ outside of /tmp, which a container has of its own."""
    made = Path(tempfile.mkdtemp(dir="/var/tmp"))
    shutil.copytree(DEPLOY, made / "deploy")
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def database() -> Iterator[postgresql.Server]:
    server = postgresql.own_server()
    if server is None:
        pytest.skip("no PostgreSQL of our own here")
    server.start()
    yield server
    server.stop()


def image(folder: Path) -> Container:
    """The image with the mounts, secrets and environment of the compose file's services."""
    service = COMPOSE["x-recon"]
    deploy = folder / "deploy"
    mounts = []
    for mount in service["volumes"]:
        source, inside, *mode = mount.split(":")
        real = deploy / source if source.startswith(".") else folder / source
        if not real.exists():
            real.mkdir()
            real.chmod(0o777)  # as a volume that takes after the image's folder
        mounts.append((real, inside, *(mode or ["rw"])))
    mounts += [
        (deploy / COMPOSE["secrets"][name]["file"], f"/run/secrets/{name}", "ro") for name in service["secrets"]
    ]
    [words] = [rest for word, rest in instructions() if word == "ENV"]
    environ = dict(word.split("=", 1) for word in words.split()) | {"PYTHONPATH": str(ROOT)}
    environ["PATH"] = "/usr/bin:/bin"
    [workdir] = [rest for word, rest in instructions() if word == "WORKDIR"][-1:]
    return Container(folder, mounts, environ, workdir)


@asynccontextmanager
async def tls_proxy(port: int) -> AsyncIterator[int]:
    """What the Caddyfile asks for: TLS for the name, /metrics kept inside, everything else to the page."""
    async with aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def forward(request: web.Request) -> web.StreamResponse:
            if request.path == "/metrics":
                return web.Response(status=404)
            url = f"http://127.0.0.1:{port}{request.rel_url}"
            body = await request.read()
            async with session.request(
                request.method, url, headers=request.headers, data=body, allow_redirects=False
            ) as answer:
                headers = [(name, value) for name, value in answer.headers.items() if name != "Transfer-Encoding"]
                return web.Response(status=answer.status, headers=headers, body=await answer.read())

        async with listening(forward, server_tls("localhost", ca=CA)) as tls_port:
            yield tls_port


async def until(true: Callable[[], Any], process: "subprocess.Popen[str]") -> None:
    async with asyncio.timeout(120):
        while not await asyncio.to_thread(true):
            assert process.poll() is None, process.communicate()[0]
            await asyncio.sleep(0.3)


async def test_the_stack_comes_up_from_nothing_and_runs_a_night(folder: Path, database: postgresql.Server) -> None:
    deploy = folder / "deploy"
    docker = folder / "docker"
    docker.write_text("#!/bin/sh\n", encoding="utf-8")
    docker.chmod(0o755)
    world = make_world(5, YESTERDAY, YESTERDAY, 60, accounts=("th",))
    key = next(iter(world.books.values())).account.key
    subprocess.run(
        [deploy / "first-start", "anna"],
        input=f"{key}\n",
        text=True,
        env={"PATH": f"{folder}:/usr/bin:/bin"},
        check=True,
    )
    (deploy / "secrets" / "store_url").write_text(database.url, encoding="utf-8")
    world.write_orders(deploy / "orders")
    port = free_port()
    async with serve(world, moment=NOW) as omise, tls_proxy(port) as tls_port:
        omise.set_date("moment")
        text = (deploy / "config.toml").read_text(encoding="utf-8").replace("[page]", f"[page]\nport = {port}")
        more = f'[omise]\nbase_url = "{omise.url}"\n[schedule]\nnightly = "0 0 * * *"\n'
        (deploy / "config.toml").write_text(text + more, encoding="utf-8")
        recon = image(folder)
        services = COMPOSE["services"]

        def done(name: str) -> tuple[int, str]:
            return recon.run([*RECON, *services[name]["command"]])

        code, said = await asyncio.to_thread(done, "upgrade")
        assert code == 0, said
        code, said = await asyncio.to_thread(done, "check")
        assert code == 2
        assert "there are no users: recon users add NAME --role admin" in " ".join(said.split()), said
        code, said = await asyncio.to_thread(done, "serve")
        assert code == 2
        *store, refusal = (json.loads(line) for line in said.splitlines())
        assert [line["event"].partition(":")[0] for line in store] == ["store"], (
            "it says which store it would write to"
        )
        assert refusal["level"] == "error"
        words = [*RECON, "users", "add", "anna", "--role", "admin"]
        code, said = await asyncio.to_thread(recon.run, words, f"{PASSWORD}\n")
        assert (code, said.splitlines()[-1]) == (0, "anna may log in as admin"), said
        code, said = await asyncio.to_thread(done, "check")
        assert code == 0, said

        serving = recon.start([*RECON, *services["serve"]["command"]])
        try:
            await _use(serving, folder, port, tls_port)
        finally:
            serving.send_signal(signal.SIGTERM)
            said, _ = await asyncio.to_thread(serving.communicate, timeout=90)
        assert serving.returncode == 0, said


async def _use(serving: "subprocess.Popen[str]", folder: Path, port: int, tls_port: int) -> None:
    """The health check answers, anna logs in through the proxy, and the night's workbook is there to download."""
    test = COMPOSE["services"]["serve"]["healthcheck"]["test"]
    assert test[:2] == ["CMD", "python"]
    healthy = [sys.executable, *(word.replace("8080", str(port)) for word in test[2:])]
    await until(lambda: subprocess.run(healthy, capture_output=True, check=False).returncode == 0, serving)
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=ca_file(folder)))
    async with aiohttp.ClientSession(f"https://localhost:{tls_port}", connector=connector) as http:
        visitor = Visitor(http)
        assert await visitor.log_in("anna", "wrong password") == 401
        assert await visitor.log_in("anna", PASSWORD) == 200
        async with asyncio.timeout(120):
            while f"settlement_th_{YESTERDAY}" not in await visitor.text("/reports"):
                assert serving.poll() is None
                await asyncio.sleep(0.5)
        assert list((folder / "reports").glob(f"settlement_th_{YESTERDAY}*.xlsx"))
        assert await visitor.status("/metrics") == 404
