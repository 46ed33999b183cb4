"""`recon demo` and `recon sandbox`: made-up merchants."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from jobs import demo as demonstration
from jobs.cli.answers import tables
from jobs.cli.answers.progress import progress_on_stderr
from jobs.cli.options import clock, print_lines
from jobs.logs.errors import DONE, INCOMPLETE, say, told
from recon.result.trust import trust_lines
from recon.sandbox.server.app import serve
from recon.sandbox.worlds.world import make_world

Seed = Annotated[int, typer.Option(help="Another seed, another world.")]


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("demo-out"),
    orders: Annotated[int, typer.Option(min=100, help="About how many orders.")] = 2_000,
    seed: Seed = 1,
) -> None:
    """Show the whole job on a made-up merchant with planted breaks."""
    with told():
        with progress_on_stderr() as progress:
            done = asyncio.run(demonstration.demo(out, orders, seed, clock, progress))
        tables.outcome(done.outcome)
        tables.money(done.outcome.results, done.currencies)
        tables.planted(done.table)
        say(*trust_lines(done.outcome.results, done.currencies, done.outcome.messages))
        say(*done.outcome.messages)
        print_lines((done.config, *done.outcome.reports))
        raise typer.Exit(DONE if done.exact and done.outcome.complete else INCOMPLETE)


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8484,
    orders: Annotated[int, typer.Option(min=100, help="About how many orders.")] = 1_000,
    seed: Seed = 1,
    out: Annotated[Path, typer.Option(help="Folder for the shop's files and a configuration.")] = Path("sandbox-out"),
) -> None:
    """Serve an Omise-compatible world of the last days, until Ctrl-C."""
    with told():
        try:
            asyncio.run(_serve(port, orders, seed, out))
        except KeyboardInterrupt:
            raise typer.Exit(DONE) from None


async def _serve(port: int, orders: int, seed: int, out: Path) -> None:
    last = clock().date() - timedelta(days=2)
    world = make_world(seed, last - timedelta(days=6), last, orders)
    async with serve(world, port=port) as running:
        path = demonstration.prepare(world, out, running.url)
        print(running.url, flush=True)
        days = f"--from {world.first_day} --to {world.last_day} --as-of {world.as_of.isoformat()}"
        say(f"keys: {out / 'keys'}", f"try: recon --config {path} run {days}", "Ctrl-C ends it")
        await asyncio.Event().wait()
