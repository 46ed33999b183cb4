"""`recon verify` and `recon sign`: workbooks held against the store."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from jobs.cli import options
from jobs.cli.options import actor, choices, clock, print_lines, read_config, respond
from jobs.config.config import Config
from jobs.desk import signing, verifying
from jobs.desk.actions import prove_audit
from jobs.logs.errors import BREAKS, DONE, MISTAKE, say, told
from jobs.run.outcome import JobError
from recon.store.desk.workbooks import ROLES, SignOff

_DIFFERS = BREAKS  # the exit code of a file that is edited or outdated, and of a chain that is not proved


def verify(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="A workbook.", show_default=False)] = None,
    audit: Annotated[bool, typer.Option("--audit", help="Prove the audit log.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Say whether a workbook is what a run produced. Also whether its data changed since."""
    with told(as_json):
        if file is None and not audit:
            raise JobError("recon verify: name a workbook, or ask for --audit")
        config = read_config(context)
        document: dict[str, object] = {}
        lines: list[str] = []
        code = DONE
        if file is not None:
            verified = verifying.verify(config, file)
            document |= verifying.document(verified)
            lines += verifying.lines(verified, config.currencies())
            code = MISTAKE if verified.verdict == verifying.NOT_OURS else DONE if verified.good else _DIFFERS
        if audit:
            wrong = prove_audit(config)
            document["audit"] = {"proved": not wrong, "wrong": wrong}
            lines += wrong or ["the audit log is proved"]
            code = max(code, _DIFFERS if wrong else DONE)
        respond(as_json, document, lambda: print_lines(lines))
        raise typer.Exit(code)


def sign(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A workbook.")],
    role: Annotated[str, typer.Option("--as", metavar="ROLE", help="preparer or reviewer.")],
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, where a proof does not tie or something is open.")
    ] = "",
    copy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a copy with the signatures in it.", show_default=False),
    ] = None,
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Sign a workbook. First the preparer, then a reviewer who is somebody else."""
    with told(as_json):
        choices("--as", [role], ROLES)
        config = read_config(context)
        agree = partial(_agree, asks=sys.stdin.isatty() and not as_json)
        signature = verifying.sign(config, file, role, actor(config, by), clock, reason, agree=agree)
        signed = signature.sign_off
        if copy is not None:
            _write_copy(config, signed, copy)
        document = {**verifying.sign_off_document(signed), "signed": signing.documents(signature.under)}
        document |= {"copy": str(copy) if copy else None}
        words = f"{signed.account} {signed.first_day} to {signed.last_day}: signed as {signed.role} by {signed.who}"
        respond(as_json, document, lambda: say(words))


def _agree(words: Sequence[str], asks: bool) -> bool:
    """Shows what is signed before it is; on a terminal the person says whether."""
    say(*words)
    return not asks or typer.confirm("Sign it?", err=True)


def _write_copy(config: Config, signed: SignOff, path: Path) -> None:
    """The signature is kept whether or not the copy can be written."""
    content = verifying.copy_with_signatures(config, signed.sha256)
    if content is None:
        raise JobError("signed, but the workbook was too large to be kept, so there is no copy to fill in")
    try:
        with path.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise JobError(f"{path}: signed, but the copy cannot be written ({error.strerror})") from None
