"""Of files with the statements of several bank accounts, those of the one that a source is of."""

from recon.bank.source import BankSource, Parsed
from recon.tabular.table import SourceUnreadable

_WHERE = "behind :25: in MT940, in Acct/Id in camt.053"
_KEY = 'statement_of = "…"'
NONE_OF_IT = f"none of its statements is of the account that statement_of names: write it as the file does ({_WHERE})"


def of_one_account(name: str, source: BankSource, parsed: Parsed) -> tuple[Parsed, int]:
    """A file's statements of the source's account, and how many lines the others have.

    Raises SourceUnreadable where nobody says which of several accounts it is, or a statement names none. A part that
    cannot be read and names no account stays: it may be of the one.
    """
    statements, rejected = parsed
    wanted = source.statement_of
    if not wanted:
        accounts = {statement.bank_account for statement in statements} | {part.bank_account for part in rejected}
        accounts -= {""}
        if len(accounts) > 1:
            raise SourceUnreadable(
                f"{name} holds statements of {len(accounts)} bank accounts: write {_KEY} into [{source.place}], "
                f"the number of the one as the file has it ({_WHERE})"
            )
        return parsed, 0
    if not all(statement.bank_account for statement in statements):
        raise SourceUnreadable(f"{name} has a statement that names no bank account: statement_of cannot choose it")
    mine = tuple(statement for statement in statements if statement.bank_account == wanted)
    aside = tuple(part for part in rejected if part.bank_account in ("", wanted))
    lines_of_others = sum(len(statement.lines) for statement in statements if statement.bank_account != wanted)
    return (mine, aside), lines_of_others + sum(
        part.rows for part in rejected if part.bank_account not in ("", wanted)
    )
