"""Which pending charges a look at the day asks Omise about again: at some minutes of their age, and when they end."""

from collections.abc import Callable
from typing import Any

from recon import columns as c
from recon.columnar import np
from recon.methods.deadlines import asked_again
from recon.settings import Context
from recon.store.engine import Store
from recon.store.versions.load import last_complete, pending_charges
from recon.triage.values import charges_at


def due_again(context: Context) -> Callable[..., dict[str, list[Any]]]:
    """In place of `unfinished.not_final`: what else is not final is told by events, and asked for at night."""

    def ids(store: Store, account: str, _swept: object) -> dict[str, list[Any]]:
        last = last_complete(store, account, c.EVENT.name)
        pending = pending_charges(store, account, context.as_of)
        charges = charges_at(pending, np.arange(len(pending)))
        return {
            c.CHARGE.name: [charge.id for charge in charges if last is None or asked_again(charge, last[0], context)]
        }

    return ids
