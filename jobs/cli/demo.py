"""`recon demo` and `recon sandbox`: made-up merchants."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from jobs import demo as demonstration
from jobs.cli.answers import tables
from jobs.cli.answers.progress import progress_on_stderr
from jobs.cli.options import aware_moment, clock, print_lines
from jobs.logs.errors import DONE, INCOMPLETE, say, told
from recon.result.trust import trust_lines
from recon.sandbox.server.app import serve
from recon.sandbox.server.webhooks import Webhooks
from recon.sandbox.worlds.world import make_world

TRUTH_AT = timedelta(hours=3)  # of the second day after a world's last, in UTC
Seed = Annotated[int, typer.Option(help="Another seed, another world.")]


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("demo-out"),
    orders: Annotated[int, typer.Option(min=100, help="About how many orders.")] = 2_000,
    seed: Seed = 1,
) -> None:
    """Show the whole job on a made-up merchant with planted breaks."""
    with told():
        with progress_on_stderr() as progress:
            done = asyncio.run(demonstration.demo(out, orders, seed, progress))
        tables.planted(done.table)
        say(*trust_lines(done.outcome.results, done.currencies, done.outcome.messages))
        say(*done.outcome.messages)
        say(done.story)  # from here on one screen, which stands there when the command is done
        tables.money(done.outcome.results, done.currencies)
        tables.cost(done.outcome.results, done.currencies)
        tables.first_things(done.outcome.results)
        print_lines((done.config, *done.outcome.reports))
        raise typer.Exit(DONE if done.exact and done.outcome.complete else INCOMPLETE)


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8484,
    orders: Annotated[int, typer.Option(min=100, help="About how many orders.")] = 1_000,
    seed: Seed = 1,
    out: Annotated[Path, typer.Option(help="Folder for the shop's files and a configuration.")] = Path("sandbox-out"),
    start: Annotated[
        datetime | None,
        typer.Option("--clock", parser=aware_moment, metavar="TIME", help="Where its clock begins; default now."),
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(metavar="URL", help="Where signed webhooks go; {account} in it is the account.")
    ] = None,
    lose: Annotated[int, typer.Option(min=0, help="Every Nth webhook is lost; 0: none.")] = 0,
    repeat: Annotated[int, typer.Option(min=0, help="Every Nth webhook comes twice; 0: none.")] = 0,
) -> None:
    """Serve an Omise-compatible world whose clock runs, until Ctrl-C."""
    with told():
        begun = clock()
        ahead = (start or begun) - begun
        webhooks = Webhooks(webhook, lose=lose, repeat=repeat, clock=clock) if webhook else None
        try:
            asyncio.run(_serve(port, orders, seed, out, lambda: clock() + ahead, webhooks))
        except KeyboardInterrupt:
            raise typer.Exit(DONE) from None


async def _serve(
    port: int, orders: int, seed: int, out: Path, now: Callable[[], datetime], webhooks: Webhooks | None
) -> None:
    last = (now() - TRUTH_AT).date() - timedelta(days=2)  # so that its moment of truth is over
    world = make_world(seed, last - timedelta(days=6), last, orders, history=True)
    async with serve(world, port=port, clock=now, webhooks=webhooks) as running:
        path = demonstration.prepare(world, out, running.url)
        print(running.url, flush=True)
        days = f"--from {world.first_day} --to {world.last_day} --as-of {world.as_of.isoformat()}"
        say(f"keys: {out / 'keys'}", f"try: recon --config {path} run {days}", "Ctrl-C ends it")
        await asyncio.Event().wait()
