"""A container without its engine: a command sees a read-only root with these mounts, and has a user's rights."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.kit.places import ROOT

_USER = 10001
_OWN_MOUNTS = ("unshare", "--mount", "--propagation", "private")
_ENTER = """set -e
made="$1"; shift
mount -t tmpfs tmpfs "$made"
mkdir "$made/upper" "$made/work" "$made/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$made/upper,workdir=$made/work" "$made/root"
mount -t tmpfs tmpfs "$made/root/tmp"
for kept in /dev /proc /sys $KEPT; do mkdir -p "$made/root$kept"; mount --rbind "$kept" "$made/root$kept"; done
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir -p "$made/root$2"; else mkdir -p "$(dirname "$made/root$2")"; touch "$made/root$2"; fi
  mount --bind "$1" "$made/root$2"
  [ "$3" = rw ] || mount -o remount,bind,ro "$made/root$2"
  shift 3
done
shift
mount -o remount,bind,ro "$made/root"
exec chroot "$made/root" setpriv --reuid="$AS" --regid="$AS" --clear-groups --no-new-privs --bounding-set=-all \\
  env -i --chdir="$IN" "$@"
"""


@dataclass(frozen=True)
class Container:
    """What each command of an image sees; `mounts` are (real path, path inside, ro or rw)."""

    folder: Path
    mounts: Sequence[tuple[Path, str, str]]
    environ: Mapping[str, str]
    workdir: str

    def start(self, words: Sequence[str], stdin: int | None = None) -> "subprocess.Popen[str]":
        """The process of a command, its lines caught."""
        environ = [f"{name}={value}" for name, value in self.environ.items()]
        flat = [str(part) for mount in self.mounts for part in mount]
        kept = " ".join(sorted({str(ROOT), sys.prefix, sys.base_prefix} - {"/usr"}))
        mine = {"KEPT": kept, "AS": str(_user()), "IN": self.workdir, "PATH": os.environ["PATH"]}
        made = self.folder / "made"
        made.mkdir(exist_ok=True)
        return subprocess.Popen(
            [*_OWN_MOUNTS, "sh", "-c", _ENTER, "sh", str(made), *flat, "--", *environ, *words],
            env=mine,
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, words: Sequence[str], typed: str = "") -> tuple[int, str]:
        """Exit code and all that a command says."""
        process = self.start(words, subprocess.PIPE)
        said, _ = process.communicate(typed, timeout=120)
        return process.returncode, said


@cache
def can_be_made() -> bool:
    """Whether this machine lets us make such a root: root's own rights, and the programs of util-linux."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "setpriv", "chroot"))):
        return False
    overlay = 'mount -t overlay overlay -o "lowerdir=/,upperdir=$d/u,workdir=$d/w" "$d/r"'
    probe = f'd=$(mktemp -d) && mount -t tmpfs tmpfs "$d" && mkdir "$d/u" "$d/w" "$d/r" && {overlay}'
    words = [*_OWN_MOUNTS, "sh", "-c", probe]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@cache
def _user() -> int:
    """The image's user, where that user can reach this Python; else root without any of its rights."""
    try:
        subprocess.run([sys.executable, "-c", ""], user=_USER, check=True, cwd="/")
    except (OSError, subprocess.CalledProcessError):
        return 0
    return _USER
