"""The commands that hold workbooks against the store, verify and sign: thin."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import AsJson, By, clock, print_json, read_config, words
from jobs.logs.errors import BREAKS, DONE, MISTAKE, say, told

if TYPE_CHECKING:
    from jobs.config.config import Config
    from jobs.desk.verifying import Verified

_DIFFERS = BREAKS  # the exit code of a file that is edited or outdated, and of a chain that is not proved


def verify(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="A workbook.", show_default=False)] = None,
    audit: Annotated[bool, typer.Option("--audit", help="Prove the audit log.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say whether a workbook is what a run produced, and whether its data changed since."""
    with told(as_json):
        from jobs.run.outcome import JobError

        if file is None and not audit:
            raise JobError("recon verify: name a workbook, or ask for --audit")
        config = read_config(context)
        answer: dict[str, object] = {}
        codes = [DONE]
        if file is not None:
            codes.append(_file(config, file, answer, as_json))
        if audit:
            codes.append(_audit(config, answer, as_json))
        if as_json:
            print_json(answer)
        raise typer.Exit(max(codes))


def _file(config: "Config", file: Path, answer: dict[str, object], as_json: bool) -> int:
    from jobs.desk.verifying import NOT_OURS, document
    from jobs.desk.verifying import verify as verify_file

    found = verify_file(config, file)
    answer |= document(found)
    if not as_json:
        print("\n".join(lines(found, config)))
    return MISTAKE if found.verdict == NOT_OURS else DONE if found.good else _DIFFERS


def _audit(config: "Config", answer: dict[str, object], as_json: bool) -> int:
    from jobs.desk.actions import prove_audit

    wrong = prove_audit(config)
    answer["audit"] = {"proved": not wrong, "wrong": wrong}
    if not as_json:
        print("\n".join(wrong or ["the audit log is proved"]))
    return _DIFFERS if wrong else DONE


def sign(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A workbook.")],
    role: Annotated[str, typer.Option("--as", metavar="ROLE", help="preparer or reviewer.")],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Sign a workbook: first the preparer, then a reviewer who is somebody else."""
    with told(as_json):
        import getpass

        from jobs.desk.verifying import sign as sign_file
        from jobs.desk.verifying import sign_off_document
        from recon.store.desk.workbooks import ROLES

        words("--as", [role], ROLES)
        signed = sign_file(read_config(context), file, role, by or getpass.getuser(), clock)
        if as_json:
            print_json(sign_off_document(signed))
        else:
            say(f"{signed.account} {signed.first_day} to {signed.last_day}: signed as {signed.role} by {signed.who}")


def lines(found: "Verified", config: "Config") -> list[str]:
    """What is known of a file, for a person: its verdict, edited cells, what changed, and who signed it."""
    from jobs.desk.verifying import CURRENT, EDITED, FEW, NOT_OURS, OUTDATED
    from jobs.run.unsigning import words_of

    if found.verdict == NOT_OURS:
        return [f"{found.path}: not ours: no run here wrote it, nor a workbook of its range"]
    book = found.workbook
    assert book is not None
    wrote = f"run {book.run_id}" if book.run_id else "a report alone"
    said = [f"{found.path}: {found.verdict}; {book.name}, by {wrote} as of {book.as_of:%Y-%m-%d %H:%M} UTC"]
    if found.verdict == EDITED:
        said += [f"  {one.cell}: was {one.was or 'empty'}, is {one.is_ or 'empty'}" for one in found.edits]
        if found.edited is None:
            said.append("  no copy of it was kept, so its cells cannot be compared")
        elif not found.edited:
            said.append("  every cell says what it said: another program saved it")
        elif found.edited > FEW:
            said.append(f"  and {found.edited - FEW:,} more cells")
    words = {CURRENT: "unchanged since", OUTDATED: "changed since"}.get(found.data, "not known whether they changed")
    said.append(f"data: {words}")
    why = words_of(found.changes, config.currencies())
    said += [f"  {why}"] if why else []
    for change in found.changes:
        if change.sheets:
            said.append(f"  {change.account}: other rows on {', '.join(change.sheets)}")
    said += [f"  possible cause: {cause}" for cause in found.causes]
    if found.ruled:
        said.append(f"{found.ruled:,} {'break was' if found.ruled == 1 else 'breaks were'} ruled on since")
    for one in found.sign_offs:
        ended = f"; ended {one.ended_at:%Y-%m-%d} by {one.ended_by}: {one.ended_why}" if one.ended_at else ""
        said.append(f"signed as {one.role} by {one.who} on {one.at:%Y-%m-%d}{ended}")
    return said
