"""Judges single cases between two runs, by the same rules; closes and books nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from jobs.config.config import Config
from jobs.run.judging import find_cases
from jobs.run.judging_request import AccountRequest, judging_request
from jobs.run.moments.days import DAY
from jobs.run.outcome import Outcome
from jobs.run.sources import SourcesRead, read_orders
from recon import __version__
from recon.calendars import local_day
from recon.model import Account, Window
from recon.store.desk import rulings
from recon.store.engine import Store
from recon.store.runs import record
from recon.triage.scope import Subjects


async def judge_cases(
    config: Config, store: Store, account: Account, subjects: Subjects, clock: Callable[[], datetime], who: str
) -> Outcome:
    """The cases of an account that some objects are in, judged as of now and recorded where anything is new in them.

    The orders are read first. It is no run of the account's days: the next one judges these cases again, and what
    changed besides them. Raises JobError where an order source is missing.
    """
    as_of = clock()
    sources = await read_orders(config, store, clock, Window(as_of - DAY, as_of), as_of - DAY)
    run_id = await asyncio.to_thread(_judge, config, store, account, subjects, sources, as_of, clock, who)
    return Outcome(run_id, True, as_of, (), (), {}, ())


def _judge(
    config: Config,
    store: Store,
    account: Account,
    subjects: Subjects,
    sources: SourcesRead,
    as_of: datetime,
    clock: Callable[[], datetime],
    who: str,
) -> int | None:
    today = local_day(as_of, account.zone)
    of_today = AccountRequest(account, today, today, Window(as_of, as_of), unassigned=False)
    request = judging_request(config, (of_today,), as_of, orders_read=True)
    request = replace(request, unread_orders=sources.unread_orders)
    raised = find_cases(store, request, subjects)
    breaks_to_carry = [*record.breaks_to_carry(store), *record.breaks_to_carry(store, raised.ids)]
    own_breaks = [known_break for known_break in breaks_to_carry if known_break.latest.account == account.name]
    if not raised.carry(own_breaks, rulings.lasting(store)).events:
        return None
    run = record.RunRecord(
        started_at=as_of,
        recorded_at=clock(),
        as_of=as_of,
        who=who,
        command=who,
        options={"accounts": [account.name], "pull": False},
        software=__version__,
        config_digest=config.digest,
        status="complete",
        timings={},
    )
    findings = record.RunFindings((), raised.carry, raised.ids, cases_of=[account.name])
    return record.record_run(store, run, findings, config.audit_key)
