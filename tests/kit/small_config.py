"""A small configuration with accounts in Thailand and Japan, and whatever a test adds."""

from pathlib import Path

SMALL = """
[store]
url = "sqlite:///recon.db"
[accounts.th]
region = "TH"
currency = "THB"
timezone = "Asia/Bangkok"
secret_key = { env = "TH_KEY" }
[accounts.jp]
region = "JP"
currency = "JPY"
timezone = "Asia/Tokyo"
secret_key = { env = "JP_KEY" }
[orders.shop]
kind = "csv"
path = "orders/*.csv"
"""


def configured(folder: Path, more: str = "") -> Path:
    """The file's path."""
    path = folder / "config.toml"
    path.write_text(SMALL + more, encoding="utf-8")
    return path
