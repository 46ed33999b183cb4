"""Small configurations: one account in Thailand, or one in Japan too, and whatever a test adds."""

from pathlib import Path

ONE_ACCOUNT = """
[store]
url = "sqlite:///var/recon.db"
[accounts.th]
region = "TH"
currency = "THB"
timezone = "Asia/Bangkok"
secret_key = { env = "TH_KEY" }
[orders.shop]
kind = "csv"
path = "orders/*.csv"
"""
_JAPAN = """[accounts.jp]
region = "JP"
currency = "JPY"
timezone = "Asia/Tokyo"
secret_key = { env = "JP_KEY" }
"""
TRUSTED = "\n[rulings]\ntrusted_names = true\n"  # for tests that act as several people
SMALL = ONE_ACCOUNT.replace("var/", "").replace("[orders.shop]", _JAPAN + "[orders.shop]")


def configured(folder: Path, more: str = "", text: str = SMALL) -> Path:
    """The file's path."""
    path = folder / "config.toml"
    path.write_text(text + more, encoding="utf-8")
    return path
