"""Secrets: config.toml says where each is kept, and nothing shows what it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationInfo

from jobs.logs.redaction import keep_secret
from recon.money import Currencies
from recon.privacy import SHORTEST_KEY

_CREDENTIALS = "$CREDENTIALS_DIRECTORY"  # where systemd puts the credentials of a unit
IN_FILE = "config.toml"  # the origin of a text that stands in the file: no secret


@dataclass(frozen=True)
class ReadContext:
    """What a value is read against: the environment, the file's folder, and what other sections name."""

    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    needs: frozenset[str]  # sections whose secrets must be there: "accounts", "orders"
    accounts: Mapping[str, str]  # account -> currency
    currencies: Currencies


class Secret:
    """A value kept out of the file, and where it stands; its text is in no repr, str, dump or error."""

    __slots__ = ("_text", "origin", "path")

    def __init__(self, origin: str, text: str = "", path: Path | None = None) -> None:
        self.origin = origin
        self.path = path
        self._text = text
        if origin != IN_FILE:
            keep_secret(text)

    def __repr__(self) -> str:
        return f"Secret({self.origin})"

    @property
    def is_set(self) -> bool:
        """Whether there is a value."""
        return bool(self._text)

    def reveal(self) -> str:
        """The text itself; raises LookupError, in words, where its variable or file holds none."""
        if not self._text:
            raise LookupError(f"{self.origin} is not set")
        return self._text

    @property
    def keys(self) -> tuple[bytes, ...]:
        """A key a line, today's first, then those before it, the newest first; none where it is not set."""
        return tuple(dict.fromkeys(line.strip().encode() for line in self._text.splitlines() if line.strip()))


def read_context(info: ValidationInfo) -> ReadContext:
    """What the value being validated is read against."""
    assert isinstance(info.context, ReadContext)
    return info.context


def secret(value: Any, info: ValidationInfo) -> Secret:
    """Where it is kept, and what stands there; raises ValueError for a secret that is written out."""
    if isinstance(value, Secret):
        return value
    shape = 'must be { env = "NAME" } or { file = "PATH" }, not the secret itself'
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(shape)
    [(place, name)] = value.items()
    if place not in ("env", "file") or not isinstance(name, str) or not name:
        raise ValueError(shape)
    if place == "env":
        return Secret(f"environment variable {name}", read_context(info).environ.get(name, "").strip())
    context = read_context(info)
    first, _, rest = name.partition("/")
    if first == _CREDENTIALS:
        folder = context.environ.get(_CREDENTIALS.removeprefix("$"))
        if folder is None:
            return Secret(f"file {name} of systemd's LoadCredential")
        name = f"{folder}/{rest}"
    path = context.folder / name
    try:
        return Secret(f"file {path}", path.read_text(encoding="utf-8").strip(), path)
    except FileNotFoundError:
        return Secret(f"file {path}", path=path)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"file {path} cannot be read ({type(error).__name__})") from None


def secret_or_text(value: Any, info: ValidationInfo) -> Secret | None:
    """As `secret`, or a text in the file; null: an empty one."""
    if isinstance(value, str):
        return Secret(IN_FILE, value) if value else None
    if isinstance(value, int | float):
        raise ValueError('must be a text in quotes, { env = "NAME" } or { file = "PATH" }')
    return secret(value, info)


def long_keys(value: Secret) -> Secret:
    """Keys of enough characters, each of them a secret; raises ValueError."""
    for key in value.keys:
        keep_secret(key.decode())
        if (length := len(key.decode())) < SHORTEST_KEY:
            raise ValueError(
                f"{value.origin} holds a key of {length} characters: {SHORTEST_KEY} are the fewest, as openssl rand "
                "-hex 32 makes them"
            )
    return value


def origin_of(value: Secret) -> str:
    """Where a value stands, for a message."""
    return "it" if value.origin == IN_FILE else value.origin
