"""`recon demo` and `recon sandbox`: made-up merchants."""

import asyncio
import errno
import shlex
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from jobs import demo as demonstration
from jobs.cli.answers import tables
from jobs.cli.answers.progress import progress_on_stderr
from jobs.cli.options import aware_moment, clock, next_command, print_lines, program
from jobs.logs.errors import DONE, INCOMPLETE, say, told
from jobs.run.outcome import JobError
from recon.result.trust import trust_lines
from recon.sandbox.server.app import Sandbox, serve
from recon.sandbox.server.webhooks import Webhooks
from recon.sandbox.worlds.world import World, make_world

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
        say(*_next_steps(out, done.config))
        raise typer.Exit(DONE if done.exact and done.outcome.complete else INCOMPLETE)


def _next_steps(out: Path, path: Path) -> tuple[str, ...]:
    """What to try after the demo, as lines; each command stands on a line of its own, as it can be copied."""
    steps = (
        ("What is open, the most severe first:", next_command(path, "breaks list")),
        (
            "Omise as it was in the demo, in a terminal of its own:",
            f"{program()} sandbox --demo --out {shlex.quote(str(out))}",
        ),
        ("Beside it, what pulls from Omise:", next_command(path, "check")),
        ("The page: a first person, whose password is asked for:", next_command(path, "users add anna --role admin")),
        ("and the page itself, whose address it says:", next_command(path, "serve --no-scheduler")),
    )
    return ("", "Next:", *(line for words, command in steps for line in (words, f"  {command}")))


def sandbox(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = demonstration.PORT,
    orders: Annotated[int, typer.Option(min=100, help="About how many orders.")] = 1_000,
    seed: Seed = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for files and a configuration; default sandbox-out, with --demo demo-out."),
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option("--clock", parser=aware_moment, metavar="TIME", help="Where its clock begins; default now."),
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(metavar="URL", help="Where signed webhooks go; {account} in it is the account.")
    ] = None,
    lose: Annotated[int, typer.Option(min=0, help="Every Nth webhook is lost; 0: none.")] = 0,
    repeat: Annotated[int, typer.Option(min=0, help="Every Nth webhook comes twice; 0: none.")] = 0,
    of_demo: Annotated[
        bool, typer.Option("--demo", help="The world of the demo in --out, at its moment and its configured address.")
    ] = False,
) -> None:
    """Serve an Omise-compatible world whose clock runs, until Ctrl-C."""
    with told():
        webhooks = Webhooks(webhook, lose=lose, repeat=repeat, clock=clock) if webhook else None
        try:
            if of_demo:
                _only_the_demo(context)
                folder = out or Path("demo-out")
                world, port = demonstration.world_of(folder)
                asyncio.run(_serve(world, port, folder, None, webhooks))
            else:
                begun = clock()
                ahead = (start or begun) - begun
                last = ((start or begun) - TRUTH_AT).date() - timedelta(days=2)  # its moment of truth is over
                world = make_world(seed, last - timedelta(days=6), last, orders, history=True)
                asyncio.run(_serve(world, port, out or Path("sandbox-out"), lambda: clock() + ahead, webhooks))
        except KeyboardInterrupt:
            raise typer.Exit(DONE) from None


def _only_the_demo(context: typer.Context) -> None:
    """Refuses the options that make another world than the demo's."""
    options = {"port": "--port", "orders": "--orders", "seed": "--seed", "start": "--clock"}
    sources = {word: context.get_parameter_source(name) for name, word in options.items()}
    given = [word for word, source in sources.items() if source and source.name == "COMMANDLINE"]
    if given:
        raise typer.BadParameter(f"--demo has the demo's own world and address: leave out {', '.join(given)}")


async def _serve(
    world: World, port: int, out: Path, now: Callable[[], datetime] | None, webhooks: Webhooks | None
) -> None:
    """Serve until cancelled: a new world by the clock `now`, or the demo's at its moment, whose files are there."""
    path = out / "config.toml"
    try:
        async with serve(Sandbox(world, now or (lambda: world.as_of)), port=port, webhooks=webhooks) as running:
            if now:
                demonstration.prepare(world, out, running.url)
            print(running.url, flush=True)
            moment = world.as_of.strftime("%Y-%m-%dT%H:%MZ")
            days = f"--from {world.first_day} --to {world.last_day} --as-of {moment}"
            say(f"keys: {out / 'keys'}", f"try: {next_command(path, f'run {days}')}", "Ctrl-C ends it")
            await asyncio.Event().wait()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        way = "start with another --port" if now else f"name another port in {path}, omise.base_url"
        raise JobError(f"port {port} of this machine is taken: end what listens there, or {way}") from None
