"""The events that Omise reports of a world's objects.

Keys: charge.create/capture/complete/reverse, refund.create, transfer.create/send/pay, dispute.create/update/close.
A refund that closes, a hold that ends and an ability that flips report nothing, as at Omise. `charge.expire` is not
proven there and is used for a charge that expires by itself.
"""

from collections.abc import Iterator

from recon.sandbox.worlds.facts import Charge, Dispute, Event, Refund, Transfer
from recon.sandbox.worlds.maker import Maker


def add_events(maker: Maker, silent: frozenset[str]) -> None:
    """Fill the maker's events; deliveries about the charges in `silent` failed (a lost webhook)."""
    things: list[Charge | Refund | Dispute | Transfer] = [
        *maker.charges,
        *maker.refunds,
        *maker.disputes,
        *maker.transfers,
    ]
    for thing in things:
        for at, key in moments(thing):
            maker.events.append(Event(maker.id("evnt", at), at, key, thing, thing.id not in silent))


def moments(thing: Charge | Refund | Dispute | Transfer) -> Iterator[tuple[int, str]]:
    """When an object's events are, and their keys."""
    match thing:
        case Charge():
            yield from _of_charge(thing)
        case Refund():
            yield thing.created, "refund.create"
        case Transfer():
            yield thing.created, "transfer.create"
            if not thing.failure:
                yield from ((thing.sent_at, "transfer.send"), (thing.paid_at, "transfer.pay"))
        case Dispute():
            yield thing.created, "dispute.create"
            for since, status in thing.steps:
                yield since, "dispute.update" if status == "pending" else "dispute.close"


def _of_charge(charge: Charge) -> Iterator[tuple[int, str]]:
    final = [
        (charge.failed_at, "charge.complete"),
        (charge.lapsed_at, "charge.expire"),
        (charge.reversed_at, "charge.reverse"),
        (charge.paid_at, "charge.complete" if charge.capture else "charge.capture"),
    ]
    ends = [(at, key) for at, key in final if at is not None]
    prompt = [at for at, key in ends if key == "charge.complete" and at - charge.created <= 2]
    # a plain card charge is final at once: one event, the final status inside
    yield (prompt[0] if charge.method.is_card and prompt else charge.created), "charge.create"
    yield from (end for end in ends if not (charge.method.is_card and end[0] in prompt))
