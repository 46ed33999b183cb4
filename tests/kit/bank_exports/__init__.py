"""Statements as banks export them, in their own bytes, and what a person reads in them; names are made up."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class BankExport:
    """One file: `settings` are the lines of `[bank.x]` that read it, `lines` day and minor units, a credit positive.

    `payouts` are the amounts of lines that Omise's name stands in; `ignored` rows are none of the statement's.
    """

    name: str
    account: str
    file: str
    content: bytes
    settings: str
    lines: tuple[tuple[str, int], ...]
    payouts: tuple[int, ...]
    ignored: int = 0
    encoding: str = "utf-8"  # that is found

    def changed(self, old: str, new: str) -> bytes:
        """The file with a text that stands in it replaced."""
        codec = "utf-8" if self.content.startswith(b"\xef\xbb\xbf") else self.encoding
        assert old.encode(codec) in self.content, old
        return self.content.replace(old.encode(codec), new.encode(codec))


def text(lines: str, encoding: str = "utf-8", ending: str = "\n") -> bytes:
    """A file's bytes; ⏎ is a line break inside a cell, the file's lines end as it says."""
    return lines.strip("\n").replace("\n", ending).replace("⏎", "\n").encode(encoding) + ending.encode()


# Region, currency and zone.
ACCOUNTS = {
    "th": ("TH", "THB", "Asia/Bangkok"),
    "sg": ("SG", "SGD", "Asia/Singapore"),
    "jp": ("JP", "JPY", "Asia/Tokyo"),
    "my": ("MY", "MYR", "Asia/Kuala_Lumpur"),
}


def account_of(currency: str) -> str:
    """The account that settles in a currency."""
    return next(account for account, (_, settles_in, _) in ACCOUNTS.items() if settles_in == currency)


def configuration(account: str, folder: Path, settings: str) -> str:
    """A configuration of one account whose statements lie in a folder, with lines of `[bank.x]`."""
    region, currency, zone = ACCOUNTS[account]
    return f"""
[store]
url = "sqlite:///recon.db"
[accounts.{account}]
region = "{region}"
currency = "{currency}"
timezone = "{zone}"
secret_key = {{ env = "KEY" }}
[orders.shop]
kind = "csv"
path = "orders.csv"
[bank.x]
account = "{account}"
path = "{folder}/*"
payout_pattern = "OMISE|ｵﾐｾ|オミセ"
{settings}
"""
