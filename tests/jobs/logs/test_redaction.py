"""What is masked wherever it appears: secrets that were read, credentials, personal data, numbers of accounts."""

import pytest

from jobs.config.secrets import Secret
from jobs.logs.redaction import keep_secret, masked, masked_for_logs


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("postgresql://u:hunter2@db/x", "postgresql://u:[…]@db/x"),
        ("Authorization: Basic c2tleV90ZXN0OmFi", "Authorization: Basic […]"),
        ("'Authorization': 'token0815'", "'Authorization': '[…]'"),
        ("skey_test_5abc of somchai@example.com", "[key] of [e-mail]"),
        ("card 4242424242424242", "card [card number]"),
        ("order 20261124000123457 of TH-000123", "order 20261124000123457 of TH-000123"),
    ],
)
def test_credentials_and_personal_data_are_masked(text: str, clean: str) -> None:
    assert masked(text) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("to 123-4-56789-0", "to …7890"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN …3000"),
        ("2026-11-24 10:00 chrg_test_5xyz123456789", "2026-11-24 10:00 chrg_test_5xyz123456789"),
    ],
)
def test_in_logs_numbers_of_accounts_keep_four_digits(text: str, clean: str) -> None:
    assert masked_for_logs(text) == clean


def test_a_secret_that_was_read_is_masked_wherever_it_appears() -> None:
    assert "correcthorse" not in masked("the key correcthorsebattery1 is wrong")[:8]
    Secret("environment variable HASH", "correcthorsebattery1")
    assert masked("the key correcthorsebattery1 is wrong") == "the key [secret] is wrong"


def test_of_a_url_its_tokens_are_secrets_and_its_host_is_not() -> None:
    keep_secret("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkc0Xr/#general\nhttps://hc.example.com/ping/0815-abcd-canary")
    assert (
        masked("hooks.example.com/services/T1JJ3T3L2/TIiajkdnlazkc0Xr")
        == "hooks.example.com/services/[secret]/[secret]"
    )
    assert masked("GET https://hc.example.com/ping/0815-abcd-canary") == "GET [secret]"
    assert masked("at hc.example.com/ping/0815-abcd-canary") == "at hc.example.com/ping/[secret]"


def test_of_a_database_its_password_is_secret_and_its_name_is_not() -> None:
    keep_secret("postgresql://recon1user:pass%40word99@db1.example.com/recon2026db")
    assert masked("recon2026db refused pass@word99 and pass%40word99") == "recon2026db refused [secret] and [secret]"


def test_short_texts_are_kept() -> None:
    keep_secret("th")
    assert masked("the other path") == "the other path"
