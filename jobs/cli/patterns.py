"""The commands of `recon patterns`: the standing `ignore` rulings, and their end."""

from typing import Annotated

import typer

from jobs.cli.answers import tables
from jobs.cli.options import AsJson, By, actor, clock, read_config, respond
from jobs.desk.actions import do
from jobs.logs.errors import say, told
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError
from recon.model.rulings import RulingKind, RulingRequest
from recon.store.desk.patterns import patterns as standing_patterns
from reports.documents import answer_document, pattern_document

patterns = typer.Typer()


@patterns.command("list")
def list_patterns(context: typer.Context, as_json: AsJson = False) -> None:
    """The patterns that wait or stand. Each with how many breaks it covers."""
    with told(as_json):
        config = read_config(context)
        with ready_store(config) as store:
            standing = standing_patterns(store, config.accounts_by_name(), clock())
        document = {"patterns": [pattern_document(pattern) for pattern in standing]}
        respond(as_json, document, lambda: tables.patterns(standing))


@patterns.command()
def end(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="The pattern, such as rul_7.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """End a pattern: the breaks that rest on it are open again."""
    with told(as_json):
        config = read_config(context)
        with ready_store(config, writes=True) as store:
            standing = standing_patterns(store, config.accounts_by_name(), clock())
        ids = {pattern.ruling.name: pattern.ruling.id for pattern in standing}
        if id not in ids:
            raise JobError(f'no pattern "{id}" waits or stands; recon patterns list names them')
        request = RulingRequest(RulingKind.UNDO, actor(config, by), target=ids[id], reason=reason)
        answer = do(config, request, clock(), say)
        respond(as_json, answer_document(answer), lambda: print(answer.words))
