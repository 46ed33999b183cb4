"""Sends workbooks by mail, as attachments or as a link."""

import asyncio
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from jobs.config.config import Config
from jobs.logs.errors import one_line
from jobs.logs.redaction import keep_secret, masked_for_logs
from jobs.run.outcome import Outcome

LIMIT_BYTES = 10_000_000  # of attachments; base64 makes a third more of it, and many servers end at 20 MB
TIMEOUT_S = 30.0
_KIND = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
_WAYS = ": use smtps://, or smtp_plain = true in [alerts] where nobody listens on the way"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


async def mail_reports(config: Config, outcome: Outcome) -> tuple[str, ...]:
    """Mail a run's workbooks to [reports].mail; why that did not go, in words without secrets."""
    if not (outcome.reports and config.reports.mail):
        return ()
    ranges = sorted({f"{result.first_day} to {result.last_day}" for result in outcome.results})
    subject = f"Reconciliation {', '.join(ranges)}" + ("" if outcome.complete else " (not complete)")
    return await _sent(config, _message(config, subject, outcome.reports))


async def mail_test(config: Config) -> tuple[str, ...]:
    """A test mail to the same addresses by the same way."""
    return await _sent(config, _message(config, "Reconciliation: test message", ()))


def mistakes(config: Config) -> tuple[str, ...]:
    """What the configuration lacks for mail, if any is asked for."""
    if not config.reports.mail:
        return ()
    section = config.alerts
    wrong = [] if section.smtp_url and section.smtp_url.is_set else ["alerts.smtp_url is not set"]
    if not wrong and section.smtp_url and not _is_understood(section.smtp_url.reveal()):
        wrong.append("alerts.smtp_url must be smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://…; a / in it is %2F")
    return (*wrong, *(() if section.mail_from else ("alerts.mail_from is not set",)))


def _is_understood(url: str) -> bool:
    """What Python says of a port that is none would show the part of a password that stands before its "/"."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _message(config: Config, subject: str, paths: Sequence[Path]) -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"] = subject, config.alerts.mail_from
    message["To"] = ", ".join(config.reports.mail)
    fits = sum(path.stat().st_size for path in paths) <= LIMIT_BYTES
    lines = [path.name for path in paths]
    if not paths:
        lines = ["These addresses get the workbooks of omise-recon."]
    elif not fits:
        place = config.page.public_url
        lines.append(f"They are too large to send: {place or 'they stand in the report folder'}")
    message.set_content("\n".join(lines) + "\n")
    for path in paths if fits else ():
        main, sub = _KIND if path.suffix == ".xlsx" else ("application", "octet-stream")
        message.add_attachment(path.read_bytes(), maintype=main, subtype=sub, filename=path.name)
    return message


async def _sent(config: Config, message: EmailMessage) -> tuple[str, ...]:
    wrong = mistakes(config)
    if wrong or config.alerts.smtp_url is None:
        return tuple(f"reports by mail: {words}" for words in wrong)
    url = config.alerts.smtp_url.reveal()
    keep_secret(url)
    try:
        refused = await asyncio.to_thread(_send, urlsplit(url), message, config.tls(), config.alerts.smtp_plain)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return (f"reports by mail: {masked_for_logs(one_line(error))}",)
    return (f"reports by mail: {refused} of {len(config.reports.mail)} addresses were refused",) if refused else ()


def _send(url: SplitResult, message: EmailMessage, tls: ssl.SSLContext | None, plain: bool) -> int:
    """How many addresses the server refused; a mail travels encrypted, or on this machine alone.

    `plain`: the configuration lets it travel in the clear, but no password.
    """
    host = url.hostname or ""
    context = tls or ssl.create_default_context()
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(host, url.port or 587, timeout=TIMEOUT_S)
    with server:
        encrypted = url.scheme == "smtps"
        server.ehlo()
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
            encrypted = True
        in_the_clear = not encrypted and host not in _LOOPBACK
        if in_the_clear and url.username:
            raise ValueError("the server offers no encryption, and the password would travel in the clear")
        if in_the_clear and not plain:
            raise ValueError(f"the server offers no encryption, and the workbooks would travel in the clear{_WAYS}")
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        return len(server.send_message(message))
