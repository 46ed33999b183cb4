"""A real MariaDB for tests: Debian's server in a folder of its own, on a socket and on loopback."""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import pymysql

UNPRIVILEGED = "nobody"  # it refuses to run as root
_PLACES = os.pathsep.join((os.defpath, "/usr/sbin", "/usr/local/sbin"))


def is_installed() -> bool:
    """Whether a server can be started here."""
    return all(shutil.which(program, path=_PLACES) for program in ("mariadbd", "mariadb-install-db"))


@cache
def port() -> int:
    """The port of a server whose user `root` may create databases, started now and stopped when the tests end."""
    folder = Path(tempfile.mkdtemp(prefix="recon-mariadb-"))
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    plain: dict[str, Any] = {"cwd": folder, "user": user, "env": {"LC_ALL": "C", "PATH": _PLACES}}
    data = folder / "data"
    words = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
    for _ in range(3):  # where several are made at once, one may fail for want of the kernel's queues
        made = subprocess.run([*words, "--skip-test-db"], check=False, capture_output=True, text=True, **plain)
        if not made.returncode:
            break
        shutil.rmtree(data, ignore_errors=True)
        time.sleep(1)
    else:
        raise AssertionError(made.stdout + made.stderr)
    number = _free_port()
    words = ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={folder}/socket", f"--port={number}"]
    words += ["--bind-address=127.0.0.1", "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([*words, "--default-time-zone=+07:00"], stdout=log, stderr=log, **plain)
    atexit.register(_stop, process, folder)
    _wait(number, process)
    return number


def database(name: str, script: str) -> str:
    """The URL of a new database that a script of statements made."""
    with _connected() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        cursor.execute(f"USE {name}")
        for statement in filter(None, map(str.strip, script.split(";\n"))):
            cursor.execute(statement)
        connection.commit()
    return f"mysql://root@127.0.0.1:{port()}/{name}"


def rows(name: str, query: str) -> list[Any]:
    """What a database holds."""
    with _connected() as connection, connection.cursor() as cursor:
        cursor.execute(f"USE {name}")
        cursor.execute(query)
        return list(cursor.fetchall())


def _connected() -> "pymysql.Connection[Any]":
    return pymysql.connect(host="127.0.0.1", port=port(), user="root")


def _stop(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    process.terminate()
    process.wait(timeout=20)
    shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(number: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(400):
        assert server.poll() is None, "MariaDB did not start"
        try:
            pymysql.connect(host="127.0.0.1", port=number, user="root").close()
        except pymysql.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("MariaDB did not answer")
