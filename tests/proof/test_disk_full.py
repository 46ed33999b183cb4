"""A file system that is full, at first or on the way: each command ends in words, and is right when there is room.

It is one in memory, which a name space of its own mounts; where that may not be made, the test is skipped.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from recon.privacy import HashKey
from tests.kit.job import FIRST, LAST, Job, job
from tests.kit.rotated_keys import archive, configure, done, hashes, keys, plant, state

pytestmark = pytest.mark.proof
CUSTOMER = "buyer-canary@example.com"
NIGHT = ("run", "--from", str(FIRST), "--to", str(LAST), "--no-alert")
COMMANDS = {
    "night": NIGHT,
    "rotate": ("keys", "rotate"),
    "erase": ("erase", "--customer", CUSTOMER),
    "retention": ("retention", "apply"),
    "read": ("runs", "list"),
}
ROOMS = (0, 8, 28, 40, 64, 96, 160, 256, 400, 700, 1_100, 1_700, 2_600)  # KiB that are left
MOUNTED = """
set -e
mount -t tmpfs -o size="$1"k tmpfs "$2"
cp -a "$3"/. "$2"
fill=$(( $(df --output=avail -k "$2" | tail -1) - $4 ))
head -c "$fill"K /dev/zero > "$2/fill"
code=0
cd "$2"
shift 4
"$@" || code=$?
rm fill
cp -a . "$LEFT"
exit $code
"""
BUSY = 8_000  # KiB for the folder and what is added


def mounts(folder: Path) -> bool:
    words = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    return (
        shutil.which("unshare") is not None and not subprocess.run(words, capture_output=True, check=False).returncode
    )


async def on_full_disk(made: Job, words: tuple[str, ...], room: int) -> tuple[int, str, Path]:
    """A command on a copy of the folder, on a file system that has so much room left; the folder as it was left."""
    disk, left = made.folder.with_name("disk"), made.folder.with_name(f"left-{words[0]}-{room}")
    for path in (disk, left):
        path.mkdir(exist_ok=True)
    command = (sys.executable, "-c", "from jobs.cli.app import main; main()", "--config", "config.toml", *words)
    given = (str(BUSY), str(disk), str(made.folder), str(room), *command)
    process = await asyncio.create_subprocess_exec(
        *("unshare", "-rm", "bash", "-c", MOUNTED, "bash", *given),
        env={**os.environ, "LEFT": str(left)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(), left


def copied(made: Job, folder: Path) -> Job:
    shutil.copytree(made.folder, folder)
    return Job(folder, made.world, made.server, folder / "config.toml")


@pytest.mark.parametrize("what", COMMANDS)
async def test_each_command_ends_in_words_and_is_right_when_there_is_room(tmp_path: Path, what: str) -> None:
    if not mounts(tmp_path):
        pytest.skip("no file system may be mounted here")
    async with job(tmp_path / "shop", orders=20, accounts=("th",)) as made:
        configure(made)
        plant(made, CUSTOMER)
        if what != "night":
            await made.run()
            archive(made)
        words = (*COMMANDS[what], *(("--as-of", made.world.as_of.isoformat()) if what == "night" else ()))
        whole = copied(made, tmp_path / "whole")
        await asyncio.to_thread(done, whole, *words)
        wanted = state(whole)
        codes = []
        for room in ROOMS:
            code, said, left = await on_full_disk(made, words, room)
            codes.append(code)
            assert code in (0, 3), said
            assert code == 0 or "the disk is full: make room, then run again" in said, said
            assert not [word for word in ("Traceback", "damaged", "unexpected") if word in said], said
            again = Job(left, made.world, made.server, left / "config.toml")
            if code:
                await asyncio.to_thread(done, again, *words)
            assert done(again, "verify", "--audit")["audit"]["proved"]
            assert state(again) == wanted, f"{room} KiB"
            now = HashKey(tuple(keys(again, "hash")[::-1]))
            found = hashes(again)
            assert {known.partition("_")[0] for known in found} <= {now.ids[-1]}
            assert (now.hash(CUSTOMER) in found) is (what not in ("erase", "retention"))
            shutil.rmtree(left)
        assert codes[-1] == 0
        assert what == "read" or codes[0] == codes[4] == 3
