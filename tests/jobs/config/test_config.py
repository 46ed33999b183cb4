"""The configuration: what is accepted, what is refused and in which words, and that secrets stay secret."""

import re
import traceback
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jobs.config.config import Config, ConfigError, load
from recon.methods import MethodBook
from recon.model import Account, OrderStatus, Severity
from recon.privacy import HashKey
from recon.rules import CATALOGUE
from recon.tabular.layout import Column
from tests.kit.places import ROOT
from tests.kit.small_config import ONE_ACCOUNT, configured

KEY = "skey_test_canary0canary0canary"
ENV = {"TH_KEY": KEY}


def read(folder: Path, more: str = "", small: str = ONE_ACCOUNT) -> Config:
    return load(configured(folder, text=small + more), ENV)


def refused(folder: Path, text: str, env: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        load(configured(folder, text=text), ENV if env is None else env)
    return raised.value.messages


def test_the_smallest_file_has_the_defaults_of_the_contract(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert config.as_accounts() == (Account("th", "TH", "THB", ZoneInfo("Asia/Bangkok")),)
    assert config.omise.base_url == "https://api.omise.co"
    assert (config.omise.concurrency, config.omise.requests_per_second) == (8, 10)
    assert (config.omise.deadline, config.omise.lookback_days) == (timedelta(hours=2), 35)
    assert config.matching.window == timedelta(hours=72)
    assert config.order_sources["shop"].ignore == {"payment_method": ("cod",)}
    [source] = config.sources()
    assert source.statuses == {status: (status,) for status in OrderStatus}
    assert source.layout.columns["order_id"] == Column.named("order_id")
    assert "customer" not in source.layout.columns
    assert config.rulings.write_off_limit == {"THB": 10_000}
    assert config.alerts.min_severity is Severity.HIGH
    assert config.hash_key is None
    assert config.queue is None
    assert config.rule_settings() == {}


def test_an_account_s_own_code_comes_before_that_of_all(tmp_path: Path) -> None:
    more = '[journal.accounts]\nbank = 1010\nfees = "6210"\n[journal.tax_codes]\nfees = "V7"\n'
    codes = read(tmp_path, more + '[journal.th.accounts]\nbank = "1011"\n').journal.codes("th")
    assert codes.accounts == {"bank": "1011", "fees": "6210"}
    assert codes.tax_codes == {"fees": "V7"}


def test_paths_count_from_the_file_the_store_included(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert config.store_url == f"sqlite:///{tmp_path}/var/recon.db"
    assert config.order_sources["shop"].own_keys["path"] == tmp_path / "orders/*.csv"
    assert config.reports.folder == tmp_path / "reports-out"


def test_a_store_elsewhere_stays_where_it_is(tmp_path: Path) -> None:
    for url in ("sqlite:////data/recon.db", "postgresql://recon@db/recon"):
        assert read(tmp_path, small=ONE_ACCOUNT.replace("sqlite:///var/recon.db", url)).store_url == url


def test_five_mistakes_are_all_named(tmp_path: Path) -> None:
    text = (
        ONE_ACCOUNT.replace("Asia/Bangkok", "Asia/Bankok")
        .replace('"csv"', '"cvs"')
        .replace("currency =", "curency =")
    )
    messages = refused(tmp_path, text + '[rules.pending_stuck]\ngrace = "half an hour"\n[omise]\nconcurrency = 11\n')
    assert set(messages) == {
        'accounts.th.timezone: "Asia/Bankok" is not a time zone (did you mean "Asia/Bangkok"?)',
        'orders.shop.kind: "cvs" is not one of csv, excel, parquet, sql',
        'accounts.th.curency: unknown key (did you mean "currency"?)',
        "accounts.th.currency: is missing",
        'rules.pending_stuck.grace: "half an hour" is not a duration such as "30m", "72h" or "35d"',
        "omise.concurrency: must be less than or equal to 10",
    }


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[acounts.sg]\n", 'acounts: unknown key (did you mean "accounts"?)'),
        ("[rules.pending_stuk]\n", 'rules.pending_stuk: unknown key (did you mean "pending_stuck"?)'),
        (
            '[rules.charge_missing]\ngrace = "1h"\n',
            "rules.charge_missing.grace: unknown key (there is enabled, severity)",
        ),
        (
            "[rules.refund_overdue]\nbusiness_dais = 5\n",
            'rules.refund_overdue.business_dais: unknown key (did you mean "business_days"?)',
        ),
        (
            '[rules.order_missing]\nseverity = "hi"\n',
            'rules.order_missing.severity: "hi" is not one of low, medium, high, critical',
        ),
        (
            '[methods.kakaopay]\nexpire_after = "10m"\n',
            'methods.kakaopay.expire_after: unknown key (did you mean "expires_after"?)',
        ),
        (
            '[methods.kakaopay.ht]\nexpires_after = "10m"\n',
            "methods.kakaopay.ht: is no account (there is th)",
        ),
        ('[bank.scb]\naccount = "t"\nkind = "csv"\npath = "b"\n', 'bank.scb.account: there is no account "t"'),
        ("[fees.sg]\n", 'fees.sg: there is no account "sg" (there is th)'),
        (
            '[fees.th]\ncard = [{ rate = "3.65", flat = "0.005", from = 2026-01-01 }]\n',
            'fees.th.card.0.flat: amount "0.005" has more decimals than THB (2)',
        ),
        (
            "[matching]\namount_tolerance = { THB = 0.5 }\n",
            "matching.amount_tolerance.THB: 0.5 must be text in quotes",
        ),
        (
            '[matching]\namount_tolerance = { THB = "0.005" }\n',
            'matching.amount_tolerance.THB: amount "0.005" has more decimals than THB (2)',
        ),
        (
            '[matching]\namount_tolerance = { XTS = "1" }\n',
            'matching.amount_tolerance.XTS: currency "XTS" is not known',
        ),
        (
            '[matching]\namount_tolerance_percent = { THB = "0.00005" }\n',
            'matching.amount_tolerance_percent.THB: "0.00005" has more than four decimals',
        ),
        ("[journal]\nformat = []\n", "journal.format: a list is not one of csv, xlsx, xero"),
        ("[orders.web]\npreset = {}\n", 'orders.web.preset: "{}" is not known: see recon presets list'),
        ("[currencies.krw]\nexponent = 0\n", 'currencies.krw: "krw" is not a currency such as "THB"'),
        ('[alerts]\nproofs = "off"\n', "alerts.proofs: must be true or false"),
        (
            '[[alerts.routes]]\ncodes = ["order_mising"]\nurls = { env = "X" }\n',
            'alerts.routes.0.codes.0: there is no break "order_mising" (did you mean "order_missing"?)',
        ),
        (
            '[bank.scb]\naccount = "th"\nkind = "csv"\npath = "b"\n'
            'direction = { column = "D/C", debit = ["D"], credit = ["C", "d"] }\n',
            'bank.scb.direction.credit: "d" already means debit',
        ),
        (
            '[orders.web]\nkind = "csv"\npath = "x"\nstatus = { paid = ["Asked  For"], refunded = ["asked for"] }\n',
            'orders.web.status.refunded: "asked for" already means paid',
        ),
        ("[omise]\ndeadline = 7200\n", 'omise.deadline: 7200 is not a duration such as "30m", "72h" or "35d"'),
        ('[omise]\nbase_url = "api.omise.co"\n', 'omise.base_url: "api.omise.co" is not a URL such as "https://api'),
        ("[journal]\nfromat = 1\n", 'journal.fromat: unknown key (did you mean "format"?)'),
        (
            '[journal]\nformat = "sage"\n',
            'journal.format: "sage" is not one of csv, xlsx, xero, quickbooks, netsuite',
        ),
        ('[journal]\ndate_format = "%d"\n', 'journal.date_format: "%d" is not a format such as "%d/%m/%Y"'),
        ("[journal.sg.accounts]\nbank = 1\n", "journal.sg: is no account (there is th)"),
        (
            '[journal.accounts]\nfee = "1"\n',
            'journal.accounts.fee: is no account of the journal (did you mean "fees"?)',
        ),
        ('[journal.th.accounts]\nbank = ""\n', 'journal.th.accounts.bank: "" is no code'),
        ("[page]\nbehind_proxy = 1\n", "page.behind_proxy: must be true or false"),
        ('[schedule]\nnightly = "01:30"\n', 'schedule.nightly: "01:30" is not five cron fields such as "30 1 * * *"'),
        ('[alerts]\nquiet_hours = "22-7"\n', 'alerts.quiet_hours: "22-7" is not hours such as "22:00-07:00"'),
        ('[orders.web]\nkind = "excel"\n', 'orders.web.path: is missing: kind "excel" reads files'),
        (
            '[orders.web]\nkind = "sql"\nurl = "sqlite:///x"\nquery = "select 1"\n',
            "orders.web.query: has no :from and no :to",
        ),
        (
            '[orders.web]\nkind = "csv"\npath = "x"\nencoding = "klingon"\n',
            'orders.web.encoding: "klingon" is not an encoding such as utf-8 or cp874',
        ),
        (
            '[orders.web]\nkind = "csv"\npath = "x"\ndescription_pattern = "#\\\\d+"\n',
            'orders.web.description_pattern: "#\\d+" must have exactly one group: the order id in brackets',
        ),
        (
            '[orders.web]\nkind = "csv"\npath = "x"\naccount = "tj"\n',
            'orders.web.account: there is no account "tj" (there is th)',
        ),
        (
            '[orders.web]\nkind = "csv"\npath = "x"\naccount = "th"\naccount_by = "currency"\n',
            "orders.web.account_by: stands beside account: give one of them",
        ),
        (
            '[orders.web]\nkind = "csv"\npath = "x"\nstatus = { paid = ["done", "pending"] }\n',
            'orders.web.status.pending: "pending" already means paid',
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, more: str, message: str) -> None:
    found = refused(tmp_path, ONE_ACCOUNT + more)
    assert len(found) == 1
    assert found[0].startswith(message)


@pytest.mark.parametrize("name", ["TH", "th-main", "group", "t h"])
def test_an_account_name_is_lower_case_letters_digits_and_underscores(tmp_path: Path, name: str) -> None:
    [message] = refused(tmp_path, ONE_ACCOUNT.replace("[accounts.th]", f'[accounts."{name}"]'))
    assert message == f'accounts.{name}: a name of an account is made of a-z, 0-9 and _, and is not "group"'


def test_what_is_required_is_asked_for(tmp_path: Path) -> None:
    assert refused(tmp_path, "") == (
        "store: is missing",
        "accounts: at least one is needed, such as [accounts.NAME]",
        "orders: at least one is needed, such as [orders.NAME]",
    )
    assert "accounts: at least one is needed" in refused(tmp_path, "[accounts]\n")[1]


def test_a_missing_file_and_broken_toml_are_told_with_their_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file"):
        load(tmp_path / "nowhere.toml", ENV)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, ENV)
    [message] = refused(tmp_path, '[store]\nurl = "x\n')
    assert re.search(r"config\.toml, line 2, column \d+: is not TOML: ", message)
    (tmp_path / "config.toml").write_bytes(b'[store]\nurl = "\xa1"')
    with pytest.raises(ConfigError, match=r"is not UTF-8 text \(byte 15\)"):
        load(tmp_path / "config.toml", ENV)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(ONE_ACCOUNT, encoding="utf-8-sig")
    assert list(load(path, ENV).accounts) == ["th"]


def test_a_secret_comes_from_a_variable_or_a_file_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "th.key").write_text(KEY + "\n", encoding="utf-8")
    from_file = read(tmp_path, small=ONE_ACCOUNT.replace('env = "TH_KEY"', 'file = "th.key"'))
    assert from_file.accounts["th"].secret_key.reveal() == KEY
    assert read(tmp_path).accounts["th"].secret_key.reveal() == KEY


def test_a_secret_may_be_a_credential_of_systemd(tmp_path: Path) -> None:
    (tmp_path / "secret_th").write_text(KEY + "\n", encoding="utf-8")
    text = ONE_ACCOUNT.replace('env = "TH_KEY"', 'file = "$CREDENTIALS_DIRECTORY/secret_th"')
    config = load(configured(tmp_path, text=text), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert config.accounts["th"].secret_key.reveal() == KEY
    [message] = refused(tmp_path, text, {})
    assert message.endswith("file $CREDENTIALS_DIRECTORY/secret_th of systemd's LoadCredential is not set")


def test_an_unset_key_is_named_only_where_it_is_needed(tmp_path: Path) -> None:
    assert refused(tmp_path, ONE_ACCOUNT, {}) == ("accounts.th.secret_key: environment variable TH_KEY is not set",)
    assert refused(tmp_path, ONE_ACCOUNT, {"TH_KEY": " "}) == refused(tmp_path, ONE_ACCOUNT, {})
    [message] = refused(tmp_path, ONE_ACCOUNT.replace('env = "TH_KEY"', 'file = "no.key"'))
    assert message == f"accounts.th.secret_key: file {tmp_path / 'no.key'} is not set"
    config = load(configured(tmp_path, text=ONE_ACCOUNT), {}, needs=())
    assert config.unset_secrets() == ("accounts.th.secret_key: environment variable TH_KEY is not set",)


def test_the_store_is_always_needed(tmp_path: Path) -> None:
    text = ONE_ACCOUNT.replace('"sqlite:///var/recon.db"', '{ env = "STORE" }')
    with pytest.raises(ConfigError, match=r"^store\.url: environment variable STORE is not set$"):
        load(configured(tmp_path, text=text), ENV, needs=())
    assert (
        load(configured(tmp_path, text=text), {**ENV, "STORE": "sqlite:///a.db"}).store_url
        == f"sqlite:///{tmp_path}/a.db"
    )
    [message] = refused(tmp_path, text, {**ENV, "STORE": "mysql://root:hunter2@db/x"})
    assert message == "store.url: environment variable STORE must be sqlite:///PATH or postgresql://…"


def test_an_optional_secret_that_nobody_set_is_absent(tmp_path: Path) -> None:
    more = (
        '[privacy]\nhash_key = { env = "HASH" }\n[alerts]\nurls = { env = "ALERTS" }\n'
        '[omise]\nproxy = { env = "PROXY" }\n'
    )
    config = read(tmp_path, more)
    assert (config.hash_key, config.line("https://api.omise.co").proxy) == (None, "")
    assert config.unset_secrets() == (
        "privacy.hash_key: environment variable HASH is not set",
        "omise.proxy: environment variable PROXY is not set",
        "alerts.urls: environment variable ALERTS is not set",
    )
    key = HashKey((b"o" * 32, b"n" * 32))
    assert (
        load(configured(tmp_path, text=ONE_ACCOUNT + more), {**ENV, "HASH": f"{'n' * 32}\n{'o' * 32}"}).hash_key
        == key
    )


def test_a_short_key_is_refused_and_not_repeated(tmp_path: Path) -> None:
    more = '[privacy]\nhash_key = { env = "HASH" }\n'
    [message] = refused(tmp_path, ONE_ACCOUNT + more, {**ENV, "HASH": f"{'n' * 32}\n{'o' * 31}"})
    assert message.startswith("privacy.hash_key: environment variable HASH holds a key of 31 characters: 32 are the")


def test_a_secret_written_into_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    [message] = refused(tmp_path, ONE_ACCOUNT.replace('{ env = "TH_KEY" }', f'"{KEY}"'))
    assert message == 'accounts.th.secret_key: must be { env = "NAME" } or { file = "PATH" }, not the secret itself'


def test_a_number_that_may_be_a_secret_is_asked_for_as_a_text(tmp_path: Path) -> None:
    number = "[bank.scb]\naccount = 'th'\nkind = 'mt940'\npath = 'b'\nstatement_of = {}\n"
    [message] = refused(tmp_path, ONE_ACCOUNT + number.format(1234567890), ENV)
    assert message == 'bank.scb.statement_of: must be a text in quotes, { env = "NAME" } or { file = "PATH" }'
    [source] = read(tmp_path, number.format("'123 4567 890'")).bank_sources()
    assert (source.statement_of, "4567" in repr(source)) == ("1234567890", False)


def test_no_key_shows_in_a_repr_a_dump_or_a_traceback(tmp_path: Path) -> None:
    config = read(tmp_path, "[orders.web]\nkind = 'sql'\nurl = 'postgresql://u:hunter2@db/x'\nquery = ':from :to'\n")
    told = [repr(config), str(config), str(config.model_dump()), str(config.accounts["th"].secret_key), config.digest]
    try:
        load(configured(tmp_path, text=ONE_ACCOUNT + f'[omise]\nbase_url = "{KEY}"\nconcurrency = "{KEY}"\n'), ENV)
    except ConfigError as error:
        told += traceback.format_exception(error)
        told += error.messages
    assert len(told) > 5
    assert all("canary" not in text and "hunter2" not in text for text in told)


def test_the_digest_follows_what_is_in_effect_but_neither_secrets_nor_folders(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    digest = read(tmp_path).digest
    assert read(there).digest == digest
    assert load(configured(there, text=ONE_ACCOUNT), {"TH_KEY": "skey_test_another"}).digest == digest
    assert read(tmp_path, "[omise]\nconcurrency = 8\n").digest == digest
    assert read(tmp_path, "[omise]\nconcurrency = 7\n").digest != digest
    assert read(tmp_path, '[rules.pending_stuck]\ngrace = "31m"\n').digest != digest
    assert read(tmp_path, '[methods.kakaopay.th]\nexpires_after = "5m"\n').digest != digest


def test_every_code_of_the_catalogue_takes_its_own_thresholds(tmp_path: Path) -> None:
    values = {
        "grace": '"45m"',
        "within": '"45m"',
        "within_days": "7",
        "business_days": "7",
        "reply_days": "7",
        "at": "7",
        "tolerance": "7",
    }
    more = "".join(
        f'[rules.{rule.code}]\nenabled = false\nseverity = "low"\n'
        + "".join(f"{name} = {values[name]}\n" for name in rule.thresholds)
        for rule in CATALOGUE
    )
    settings = read(tmp_path, more).rule_settings()
    assert list(settings) == [rule.code for rule in CATALOGUE]
    assert all(not rule.enabled and rule.severity is Severity.LOW for rule in settings.values())
    assert settings["pending_stuck"].thresholds == {"grace": timedelta(minutes=45)}
    assert settings["refund_window_closing"].thresholds == {"within_days": 7}
    assert settings["charge_missing"].thresholds == {}


def test_a_rule_that_is_only_switched_off_keeps_its_own_thresholds(tmp_path: Path) -> None:
    rule = read(tmp_path, "[rules.pending_stuck]\nenabled = false\n").rule_settings()["pending_stuck"]
    assert (rule.enabled, rule.severity, rule.thresholds) == (False, None, {})


def test_tolerances_are_exact_minor_units_by_the_files_own_exponents(tmp_path: Path) -> None:
    more = """
[currencies.KRW]
exponent = 2
[matching]
amount_tolerance = { THB = "0.50", JPY = "3", KRW = "1.25" }
amount_tolerance_percent = { THB = "0.5" }
"""
    config = read(tmp_path, more)
    assert config.matching.amount_tolerance == {"THB": 50, "JPY": 3, "KRW": 125}
    assert config.tolerance().allows(100_000, 100_500, "THB")
    assert not config.tolerance().allows(100_000, 100_501, "THB")
    assert config.currencies().exponent("KRW") == 2


def _expiry(book: MethodBook, method: str, account: str, region: str) -> Any:
    figure = book.figure("expires_after", method, account, region)
    return figure and figure.value


def test_a_methods_figures_can_be_overridden_for_all_and_for_one_account(tmp_path: Path) -> None:
    more = '[methods.kakaopay]\nexpires_after = "20m"\n[methods.kakaopay.th]\nexpires_after = "15m"\n'
    book = read(tmp_path, more).method_book()
    assert _expiry(book, "kakaopay", "th", "TH") == timedelta(minutes=15)
    assert _expiry(book, "kakaopay", "sg", "SG") == timedelta(minutes=20)
    assert _expiry(book, "promptpay", "th", "TH") == timedelta(hours=24)


def test_times_without_an_offset_are_read_in_the_sources_zone(tmp_path: Path) -> None:
    account = ONE_ACCOUNT.split("[orders")[0].split("[accounts.th]")[1].replace("Asia/Bangkok", "Asia/Tokyo")
    one = read(tmp_path, small=ONE_ACCOUNT.replace("Asia/Bangkok", "Asia/Tokyo"))
    assert one.order_zone("shop") == ZoneInfo("Asia/Tokyo")
    more = f'[accounts.jp]{account}\n[orders.jp]\nkind = "csv"\npath = "x"\naccount = "jp"\n'
    two = read(tmp_path, more + '[orders.sg]\nkind = "csv"\npath = "x"\ntimezone = "Asia/Singapore"\n')
    zones = [two.order_zone(name).key for name in ("shop", "jp", "sg")]
    assert zones == ["Asia/Bangkok", "Asia/Tokyo", "Asia/Singapore"]


def test_an_order_cannot_tell_its_account_by_a_currency_that_two_accounts_have(tmp_path: Path) -> None:
    account = ONE_ACCOUNT.split("[orders")[0].split("[accounts.th]")[1]
    [message] = refused(tmp_path, ONE_ACCOUNT + f'account_by = "currency"\n[accounts.th2]{account}')
    assert message == "orders.shop.account_by: more than one account has THB"


def example(uncommented: bool) -> str:
    lines = (ROOT / "config.toml").read_text(encoding="utf-8").splitlines()
    if uncommented:
        lines = [re.sub(r"^# (?=\[|[a-z_]+ = )", "", line) for line in lines]
    return "\n".join(lines)


SIGN_ON = """[page]
public_url = "https://recon.example"
[page.oidc]
issuer = "https://login.example"
client_id = "recon"
client_secret = { env = "OIDC" }
roles = { finance = "analyst" }
accounts = { finance = ["th"] }
"""


def test_single_sign_on_has_an_address_roles_and_known_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = read(tmp_path, SIGN_ON)
    oidc = config.page.oidc
    assert oidc
    assert config.digest != read(tmp_path, SIGN_ON.replace("analyst", "admin")).digest
    assert config.unset_secrets() == ("page.oidc.client_secret: environment variable OIDC is not set",)
    assert (oidc.roles, oidc.accounts, oidc.roles_claim) == ({"finance": "analyst"}, {"finance": ("th",)}, "groups")
    for before, after, words in (
        ('public_url = "https://recon.example"', "", "public_url is missing: oidc leads people back to it"),
        ("https://login.example", "http://login.example", "page.oidc.issuer"),
        ('"analyst"', '"queen"', "page.oidc.roles.finance"),
        ('["th"]', '["xx"]', "page.oidc.accounts.finance"),
        ('client_id = "recon"', "", "page.oidc.client_id: is missing"),
    ):
        assert words in "\n".join(refused(tmp_path, ONE_ACCOUNT + SIGN_ON.replace(before, after)))
    monkeypatch.setattr("recon.extras.find_spec", lambda _: None)
    assert "pip install 'omise-recon[oidc]'" in "\n".join(refused(tmp_path, ONE_ACCOUNT + SIGN_ON))


def test_a_queue_needs_postgresql_for_itself_and_for_the_store(tmp_path: Path) -> None:
    text = ONE_ACCOUNT + '[queue]\nurl = { env = "QUEUE" }\n'
    for url, words in (
        ("sqlite:///queue.db", "queue.url: environment variable QUEUE is not a database URL such as postgresql://…"),
        ("postgresql://h/q", "queue: needs a store that hosts share: store.url must be postgresql://…, too"),
    ):
        with pytest.raises(ConfigError) as error:
            load(configured(tmp_path, text=text), ENV | {"QUEUE": url})
        assert error.value.messages == (words,)
    shared = text.replace("sqlite:///var/recon.db", "postgresql://h/store")
    config = load(configured(tmp_path, text=shared), ENV | {"QUEUE": "postgresql://u:secret@h/q"})
    assert config.queue is not None
    assert "u:secret" not in repr(config)


NAMES = {f"OMISE_{region}_SECRET_KEY": f"skey_test_{region}" for region in ("TH", "SG", "JP", "MY")}


def test_the_example_at_the_root_loads_for_four_accounts(tmp_path: Path) -> None:
    config = load(configured(tmp_path, text=example(uncommented=False)), NAMES)
    assert [(a.name, a.region, a.currency) for a in config.as_accounts()] == [
        ("th", "TH", "THB"),
        ("sg", "SG", "SGD"),
        ("jp", "JP", "JPY"),
        ("my", "MY", "MYR"),
    ]


def test_the_examples_comments_are_accepted_and_show_the_defaults(tmp_path: Path) -> None:
    # One source serves one account by column, name or currency: the example shows all three.
    text = "\n".join(line for line in example(uncommented=True).splitlines() if not line.startswith("account_by"))
    full = load(configured(tmp_path, text=text), {**NAMES, "SHOP_DATABASE_URL": "sqlite:///shop.db"})
    plain = load(configured(tmp_path, text=example(uncommented=False)), NAMES)
    for section in ("omise", "rulings", "reports", "schedule", "page"):
        assert getattr(full, section) == getattr(plain, section), section
    assert full.matching.model_copy(update={"amount_tolerance": {}}) == plain.matching
    assert full.order_sources["shop"].status == plain.order_sources["shop"].status
    assert full.order_sources["shop"].ignore == plain.order_sources["shop"].ignore
    assert full.rule_settings()["pending_stuck"].thresholds == {"grace": timedelta(minutes=30)}
    [rate] = full.fees["th"]["card"]
    assert (rate.rate, rate.flat, rate.vat, rate.since) == (Decimal("3.65"), Decimal(0), Decimal(7), date(2026, 1, 1))
    [contract] = full.contract_rates()["th"]["card"]
    assert (contract.since, contract.flat) == (datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Bangkok")), 0)
    assert full.bank_fees() == {"th": 0}
    assert full.accounts["th"].go_live == date(2026, 1, 1)
    assert full.accounts["th"].holidays.add == (date(2026, 10, 26),)


def test_a_source_says_how_charges_name_its_orders(tmp_path: Path) -> None:
    plain = '[orders.web]\nkind = "csv"\npath = "x"\n'
    matching = read(tmp_path, f'{plain}[matching]\nmetadata_keys = ["cart"]\n').match_settings()
    assert (matching.metadata_keys, matching.source_keys) == (("cart", "order_id"), {})
    own = f'{plain}metadata_keys = ["cart"]\norder_id_pattern = "#?(.+)"\ndescription_pattern = false\n'
    config = read(tmp_path, own)
    matching = config.match_settings()
    assert (matching.metadata_keys, matching.source_keys) == (("order_id",), {"web": ("cart", "order_id")})
    assert matching.undescribed == {"web"}
    assert not matching.patterns
    pattern = config.sources()[1].order_id_pattern
    assert pattern is not None
    assert pattern.pattern == "#?(.+)"
    matching = read(tmp_path, f'{plain}columns = {{ reference = "Payment Reference" }}\n').match_settings()
    assert matching.source_keys == {"web": ("order_id", "x_reference")}


@pytest.mark.parametrize("value", ["true", "5", '"id"', '"("'])
def test_a_pattern_is_one_group_or_false(tmp_path: Path, value: str) -> None:
    text = f'{ONE_ACCOUNT}[orders.web]\nkind = "csv"\npath = "x"\ndescription_pattern = {value}\n'
    [message] = refused(tmp_path, text)
    assert message.startswith("orders.web.description_pattern: ")
    assert ("neither a regular expression nor false" in message) == (value in ("true", "5"))
