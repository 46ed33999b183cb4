"""Orders and charges as they are known now, for those who want to link them by hand; links nothing."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from recon import columns as c
from recon.model import ChargeStatus
from recon.model.rulings import RulingKind
from recon.rulings.decide import LinkedPair, RulingRefused
from recon.rulings.facts import link_facts
from recon.store import tables
from recon.store.runs.break_rows import chunks, in_force


class Pairs:
    """The orders and charges that are asked about, by account and id, and who has which charge by hand."""

    def __init__(self, connection: Connection, orders: Collection[str], charges: Collection[str]) -> None:
        self._orders = _current(connection, tables.ORDER, orders)
        self._charges = _current(connection, tables.OBJECTS["charge"], charges)
        held = in_force(connection, RulingKind.LINK) if orders or charges else []
        self.held = {(ruling.charge_account, ruling.charge_id): ruling for ruling in held}

    def of(self, account: str | None, order_id: str | None, charge_id: str | None) -> LinkedPair:
        """An order and a charge of one account; raises RulingRefused where one is not known."""
        if not account or not order_id or not charge_id:
            raise RulingRefused("a link by hand needs a break of an account, an order and a charge")
        order = self._orders.get((account, order_id))
        charge = self._charges.get((account, charge_id))
        for name, row in ((f"order {order_id}", order), (f"charge {charge_id}", charge)):
            if row is None:
                raise RulingRefused(f'{name} is not known in account "{account}"')
        assert order is not None
        assert charge is not None
        captured, currency = _captured(charge)
        pays = charge.status == ChargeStatus.SUCCESSFUL and not charge.voided
        facts = link_facts((order.amount, order.currency), (captured, currency), pays)
        return LinkedPair(
            account, order_id, charge_id, captured, currency, facts, self.held.get((account, charge_id))
        )


def _captured(charge: Row[Any]) -> tuple[int, str]:
    return (charge.amount if charge.captured_amount is None else charge.captured_amount), charge.currency


def _current(connection: Connection, table: Table, ids: Collection[str]) -> Mapping[tuple[str, str], Row[Any]]:
    key = tables.key_of(table)
    return {(row._mapping[c.ACCOUNT], row._mapping[key]): row for row in _rows(connection, table, key, ids)}


def _rows(connection: Connection, table: Table, key: str, ids: Collection[str]) -> Iterator[Row[Any]]:
    for chunk in chunks(ids):
        yield from connection.execute(select(table).where(table.c[key].in_(chunk), tables.known_at(table, None)))
