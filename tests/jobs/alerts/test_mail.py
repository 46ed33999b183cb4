"""Reports by mail, received by a real server: attached, or linked where they are too large, or said not to go."""

from dataclasses import replace
from pathlib import Path

import pytest

from jobs.alerts import mail
from jobs.config.config import Config, load
from jobs.run.outcome import Outcome
from tests.kit.receivers import nobody, post_office
from tests.kit.small_config import configured
from tests.kit.store_samples import NOON

MAIL = """
[reports]
mail = ["finance@shop.test", "audit@shop.test"]
[page]
public_url = "https://recon.shop.test"
"""

NO_SMTP = "alerts.smtp_url must be smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://…; a / in it is %2F"


def config(folder: Path, smtp: str, sender: str = "recon@shop.test") -> Config:
    alerts = f'[alerts]\nsmtp_url = "{smtp}"\nmail_from = "{sender}"\n'
    return load(configured(folder, MAIL + alerts), {}, needs=())


def outcome(folder: Path, *sizes: int) -> Outcome:
    paths = []
    for at, size in enumerate(sizes):
        paths.append(folder / f"settlement_{at}.xlsx")
        paths[-1].write_bytes(b"x" * size)
    return Outcome(1, True, NOON, (), tuple(paths), {}, ())


async def test_workbooks_are_attached(tmp_path: Path) -> None:
    async with post_office() as post:
        assert (
            await mail.mail_reports(config(tmp_path, f"smtp://127.0.0.1:{post.port}"), outcome(tmp_path, 3, 4)) == ()
        )
    [got] = post.messages
    assert (got["From"], got["To"]) == ("recon@shop.test", "finance@shop.test, audit@shop.test")
    assert [(one.get_filename(), one.get_content()) for one in got.iter_attachments()] == [
        ("settlement_0.xlsx", b"xxx"),
        ("settlement_1.xlsx", b"xxxx"),
    ]


async def test_too_large_ones_are_linked(tmp_path: Path) -> None:
    large = outcome(tmp_path, mail.LIMIT_BYTES, 1)
    async with post_office() as post:
        assert await mail.mail_reports(config(tmp_path, f"smtp://127.0.0.1:{post.port}"), large) == ()
    [got] = post.messages
    assert not got.is_multipart()
    assert "https://recon.shop.test" in got.get_content()


async def test_an_incomplete_run_says_so_in_the_subject(tmp_path: Path) -> None:
    async with post_office() as post:
        incomplete = replace(outcome(tmp_path, 1), complete=False)
        await mail.mail_reports(config(tmp_path, f"smtp://127.0.0.1:{post.port}"), incomplete)
    assert post.messages[0]["Subject"].endswith("(not complete)")


async def test_no_workbook_no_mail(tmp_path: Path) -> None:
    assert await mail.mail_reports(config(tmp_path, f"smtp://127.0.0.1:{nobody()}"), outcome(tmp_path)) == ()


async def test_what_does_not_go_is_said(tmp_path: Path) -> None:
    [down] = await mail.mail_reports(config(tmp_path, f"smtp://127.0.0.1:{nobody()}"), outcome(tmp_path, 1))
    assert "refused" in down.lower()
    async with post_office() as post:
        post.refuse = True
        [refused] = await mail.mail_reports(config(tmp_path, f"smtp://127.0.0.1:{post.port}"), outcome(tmp_path, 1))
    assert "SMTPRecipientsRefused" in refused
    assert "finance@shop.test" not in refused
    assert post.mails == []


@pytest.mark.parametrize(
    ("smtp", "sender", "said"),
    [
        ("", "recon@shop.test", ("alerts.smtp_url is not set",)),
        ("smtp://mail.shop.test", "", ("alerts.mail_from is not set",)),
        ("mail.shop.test", "a@b.test", (NO_SMTP,)),
        ("smtp://recon:canary/1@mail.shop.test", "a@b.test", (NO_SMTP,)),
        ("smtp://mail.shop.test", "a@b.test", ()),
    ],
)
def test_what_the_configuration_lacks(tmp_path: Path, smtp: str, sender: str, said: tuple[str, ...]) -> None:
    assert mail.mistakes(config(tmp_path, smtp, sender)) == said


async def test_a_url_that_cannot_be_read_shows_nothing_of_its_password(tmp_path: Path) -> None:
    answer = await mail.mail_test(config(tmp_path, "smtp://recon:canary/1@mail.shop.test"))
    assert answer == (f"reports by mail: {NO_SMTP}",)


async def test_nothing_travels_in_the_clear_unless_the_configuration_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "_LOOPBACK", ())  # the server is elsewhere
    async with post_office() as post:
        here = f"smtp://127.0.0.1:{post.port}"
        [said] = await mail.mail_reports(config(tmp_path, here), outcome(tmp_path, 1))
        assert "the workbooks would travel in the clear: use smtps://, or smtp_plain = true in [alerts]" in said
        assert post.mails == []
        plain = 'recon@shop.test"\nsmtp_plain = true\n#"'
        assert await mail.mail_reports(config(tmp_path, here, plain), outcome(tmp_path, 1)) == ()
        assert len(post.mails) == 1
        named = here.replace("127", "recon:canary-1@127")
        [said] = await mail.mail_reports(config(tmp_path, named, plain), outcome(tmp_path, 1))
        assert "the password would travel in the clear" in said
        assert len(post.mails) == 1
