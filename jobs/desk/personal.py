"""What is done to customers' data that is stored, and to keys: wired to the configuration and to the keys' files."""

import errno
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any

from jobs.config.config import Config
from jobs.config.secrets import Secret
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError
from recon.omise.hashes import StoredHashes
from recon.omise.objects import created_at, stored_object
from recon.privacy import HashKey, key_id
from recon.store.desk.people import Act
from recon.store.versions import personal
from recon.store.versions.archiving import sync
from recon.store.versions.rewriting import Changes
from reports.documents import fields

_ADD_KEY = "put a new line above the others, such as openssl rand -hex 32 makes, and call this again"


def rotate_audit(config: Config, act: Act, *, lost: bool = False) -> Mapping[str, Any]:
    """The audit log goes on with a new key; the names of both. Raises JobError, Refused."""
    with ready_store(config) as store:
        personal.refuse_now(store, act.at)
        _, name = personal.keys_in_force(store)
        keys = _keys(config.store.audit_key, "[store] audit_key", name, lost=lost)
        before = next((key for key in keys[1:] if name in ("", key_id(key))), None)
        personal.begin_audit_key(store, act, before, keys[0])
    return {"from": name, "to": key_id(keys[0]), "lost": lost}


def rotate_hash(config: Config, act: Act, *, lost: bool = False) -> Mapping[str, Any]:
    """Every hash, stored or to come, is made by a new key; names of both, rows changed, what is left.

    Of a `lost` key no hash stays: nothing could be compared with it. Raises JobError, Refused, ArchiveError.
    """
    with ready_store(config) as store:
        personal.refuse_now(store, act.at)
        personal.refuse_without_audit_key(store, act.audit_key)
        name, _ = personal.keys_in_force(store)
        keys = _keys(config.privacy.hash_key, "[privacy] hash_key", name, lost=lost)
        key = HashKey(keys[::-1])
        done = personal.renew(store, name, key.ids[-1], _changes(key.renewed), act)
    return {"from": name, "to": key.ids[-1], "lost": lost, **fields(done, "rows", "files", "note")}


def erase(config: Config, value: str, act: Act) -> Mapping[str, Any]:
    """No hash of a customer stays, nor any other of their charges; rows changed, and the workbooks that show them.

    `value` is what orders and charges say of the customer. Raises JobError, Refused, ArchiveError.
    """
    zones = {account.name: account.zone for account in config.as_accounts()}
    with ready_store(config, writes=True) as store:
        if config.hash_key is None:
            raise JobError("[privacy] hash_key is not set: no customer is stored, or none can be found")
        done, objects = personal.erase(store, config.hash_key.hash(value), _changes(lambda _: None), act)
        days = {
            (account, made.astimezone(zones[account]).date()) for account, made in objects.created if account in zones
        }
        workbooks = personal.workbooks_of(store, days)
    return {**fields(done, "rows", "files", "note"), "workbooks": workbooks}


def apply_retention(config: Config, act: Act) -> Mapping[str, Any]:
    """No hash stays of what was created longer ago than [retention] customer_fields; rows changed, and before when.

    No line of the access log stays that is older than [retention] access_log. Raises JobError, Refused, ArchiveError.
    """
    before = act.at - config.retention.customer_fields
    access_before = act.at - config.retention.access_log
    with ready_store(config, writes=True) as store:
        done = personal.apply_retention(store, before, access_before, created_at, _changes(lambda _: None), act)
    return {"before": before.isoformat(), **fields(done, "rows", "files", "note")}


def _changes(change: Callable[[str], str | None]) -> Changes:
    return personal.changes_of(change, lambda kind, raw: stored_object(kind, raw, change), StoredHashes(change).texts)


def _keys(secret: Secret | None, place: str, name: str | None, *, lost: bool) -> tuple[bytes, ...]:
    """The new key and those before it, the newest first; where they stand in a file, a new one is written above.

    `name` is the store's own key. Raises JobError, with nothing written.
    """
    keys = secret.keys if secret else ()
    if secret is None or not keys:
        raise JobError(f"{place}: {secret.origin if secret else 'it'} is not set")
    if name is None:
        raise JobError(f"{place}: nothing was made with a key yet; the first begins by itself")
    is_there = name == "" or name in map(key_id, keys)
    if lost and is_there:
        raise JobError(f"{place}: key {name} is there, so it is not lost")
    if not lost and not is_there:
        raise JobError(f"{place} does not hold key {name}, which made what is stored: bring it back, or say --lost")
    if key_id(keys[0]) != name and (name or len(keys) > 1):
        return keys
    return (_write_key(secret, place), *keys)


def _write_key(secret: Secret, place: str) -> bytes:
    if secret.path is None:
        raise JobError(f"{place}: {secret.origin} cannot be written from here: {_ADD_KEY}")
    key = token_hex(32)
    try:
        _write_secret(secret.path.resolve(), f"{key}\n{secret.reveal()}\n")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise JobError(f"{place}: {secret.origin} cannot be written ({error.strerror}): {_ADD_KEY}") from None
    return key.encode()


def _write_secret(path: Path, text: str) -> None:
    """Another content for a file, on the disk before anything is made with it; its owner and its rights stay."""
    kept = path.stat()
    passing = path.with_name(f"{path.name}.new")
    passing.unlink(missing_ok=True)  # of one that was killed
    try:
        passing.touch(mode=0o600, exist_ok=False)
        with passing.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if (kept.st_uid, kept.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(passing, kept.st_uid, kept.st_gid)
        passing.chmod(stat.S_IMODE(kept.st_mode))
        passing.replace(path)
    finally:
        passing.unlink(missing_ok=True)
    sync(path.parent)
