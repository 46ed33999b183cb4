"""Writes a world to a folder as its user has it: config.toml, order files, bank statements; no secret in any file."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.contract import statements
from tests.contract.world import BANK_COLUMNS, Account, Source, World


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, str]], delimiter: str = ",") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(columns)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([row[name] for name in names] for row in rows)


def write_world(world: World, folder: Path, base_url: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(config(world, base_url), encoding="utf-8")
    for source in world.sources.values():
        write_csv(folder / "orders" / source.name / f"{source.name}.csv", source.columns, source.rows)
    if world.opening:
        names = ("account", "kind", "id", "amount", "currency", "note")
        write_csv(folder / "opening.csv", names, [dict(zip(names, row, strict=True)) for row in world.opening])
    for account in world.accounts.values():
        if account.has_bank:
            write_statement(account, folder / "bank" / account.name / account.bank_file)


def write_statement(account: Account, path: Path) -> None:
    lines = sorted(account.lines, key=lambda line: line["date"])
    if account.bank_kind == "csv":
        write_csv(path, BANK_COLUMNS, lines)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write = {"mt940": statements.mt940, "camt053": statements.camt053}[account.bank_kind]
    path.write_text(write(account.currency, lines), encoding="utf-8")


def key_name(account: Account) -> str:
    return f"CONTRACT_{account.name.upper()}_KEY"


def environment(world: World) -> dict[str, str]:
    return {key_name(account): account.key for account in world.accounts.values()}


def config(world: World, base_url: str) -> str:
    parts = [
        '[store]\nurl = "sqlite:///var/recon.db"',
        f'[omise]\nbase_url = "{base_url}"\nrequests_per_second = 100000\n{world.omise_settings}',
        *(account_table(account) for account in world.accounts.values()),
        *(source_table(source) for source in world.sources.values()),
        *(bank_table(account) for account in world.accounts.values() if account.has_bank),
        *world.settings,
    ]
    return "\n\n".join(parts) + "\n"


def account_table(account: Account) -> str:
    return "\n".join(
        (
            f"[accounts.{account.name}]",
            f'region = "{account.region}"',
            f'currency = "{account.currency}"',
            f'timezone = "{account.facts.timezone}"',
            f'secret_key = {{ env = "{key_name(account)}" }}',
            account.settings,
        )
    )


def source_table(source: Source) -> str:
    return f'[orders.{source.name}]\nkind = "csv"\npath = "orders/{source.name}/*.csv"\n{source.settings}'


def bank_table(account: Account) -> str:
    name = account.name
    table = f'[bank.{name}]\naccount = "{name}"\nkind = "{account.bank_kind}"\n'
    return f'{table}path = "bank/{name}/*"\n{account.bank_settings}'
