"""All cases in whole columns, worked out once: what the masks of the rules are made of.

An array "per case" is as long as the books' orders; a case stands at the position of the order that stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from recon import columns as c
from recon.arrays import Ints, Mask, Positions
from recon.columnar import np, pd
from recon.model import EXPECTS_CHARGE, Books, Matching, OrderStatus
from recon.settings import Context
from recon.triage.kept_aside import with_unread_parts

_SUMS = ("captured_of_charge", "expected", "refunded_at_shop", "paying", "captured", "refunded", "allowed_difference")


@dataclass(frozen=True)
class CaseColumns:
    """The books, how they were matched, and what follows for every case; money is minor units."""

    books: Books
    matching: Matching
    context: Context

    @cached_property
    def case_of_charge(self) -> Positions:
        """Per charge the position of its case, -1 without an order."""
        result = np.full(len(self.books.charges), -1, dtype=np.intp)
        result[self.matching.charges] = self.matching.stands_for[self.matching.orders]
        return result

    @cached_property
    def without_order(self) -> Mask:
        """Charges that no order has."""
        return self.case_of_charge < 0

    @cached_property
    def pays(self) -> Mask:
        """Charges that took money: successful and not voided."""
        return np.asarray(self.successful & ~self.books.charges[c.VOIDED], dtype=bool)

    @cached_property
    def successful(self) -> Mask:
        """Charges that took money, be it voided since."""
        return c.successful(self.books.charges)

    @cached_property
    def with_unread_parts(self) -> Mask:
        """Charges with a refund or a dispute that could not be read, or that may have one."""
        return with_unread_parts(self.books)

    @cached_property
    def captured_of_charge(self) -> Ints:
        """Per charge what was taken."""
        return c.captured_amounts(self.books.charges)

    @cached_property
    def refunded_of_charge(self) -> Ints:
        """Per charge what went back."""
        return self.books.charges[c.REFUNDED_AMOUNT].to_numpy(dtype=np.int64)

    @cached_property
    def by_design(self) -> Mask:
        """Charges without an order that need none: made by a link or a schedule, or described so."""
        charges = self.books.charges
        design = self.context.without_orders
        result = np.zeros(len(charges), dtype=bool)
        for kind in {c.LINK, c.SCHEDULE} & design.kinds:
            result |= charges[kind].notna().to_numpy(dtype=bool)
        if design.description:
            described = charges[c.DESCRIPTION].str.contains(design.description, regex=True, na=False)
            result |= described.to_numpy(dtype=bool)
        return result & self.without_order

    @cached_property
    def young_orders(self) -> Mask:
        """Orders that are not yet missing a charge."""
        return self._young(self.books.orders[c.CREATED_AT])

    @cached_property
    def young_charges(self) -> Mask:
        """Charges that took their money so lately that they are not yet missing an order."""
        charges = self.books.charges
        return self._young(c.paid_at(charges))

    @cached_property
    def orders_that_wait(self) -> Mask:
        """Orders that would miss their charge, were they older."""
        waits = self.expects & ~self.with_charge[self.matching.stands_for] & self.young_orders & ~self.over_nothing
        waits[list(self.matching.ambiguous)] = False
        return waits

    @cached_property
    def charges_that_wait(self) -> Mask:
        """Charges that would miss their order, were they older."""
        waits = self.without_order & self.pays & ~self.by_design & self.young_charges
        waits[[*self.matching.contested, *self.matching.order_unread]] = False
        return waits

    @cached_property
    def with_charge(self) -> Mask:
        """Per case whether it has a charge at all."""
        return self._at(self.case_of_charge[~self.without_order])

    @cached_property
    def over_nothing(self) -> Mask:
        """Per order whether it is over nothing, and so is every other order of its case, and no charge took money."""
        something = (self.books.orders[c.AMOUNT] != 0).to_numpy(dtype=bool)
        of_something = self.of_any_order(something) | self.of_any_charge(self.pays & (self.captured_of_charge != 0))
        return ~of_something[self.matching.stands_for]

    @property
    def of_several_orders(self) -> Mask:
        """Cases of several orders, whose states may differ: no mask of a rule knows what these say together."""
        roots = self.matching.stands_for
        return self._at(roots[roots != np.arange(len(roots))])

    @cached_property
    def expects(self) -> Mask:
        """Orders whose status expects a charge that pays."""
        return self.orders_in(*EXPECTS_CHARGE)

    @cached_property
    def expected(self) -> Ints:
        """Per case what its orders say was paid."""
        amounts = self.books.orders[c.AMOUNT].to_numpy(dtype=np.int64)
        return self._sum(self.matching.stands_for[self.expects], amounts[self.expects])

    @cached_property
    def refunded_at_shop(self) -> Ints:
        """Per case what its orders say went back; a refunded order that does not say how much: all of it."""
        orders = self.books.orders
        refunded = orders[c.REFUNDED_AMOUNT].to_numpy(dtype=np.int64)
        unsaid = self.orders_in(OrderStatus.REFUNDED) & (refunded == 0)
        amounts = np.where(unsaid, orders[c.AMOUNT].to_numpy(dtype=np.int64), refunded)
        return self._sum(self.matching.stands_for, amounts)

    @cached_property
    def paying(self) -> Ints:
        """Per case how many of its charges took money."""
        return np.bincount(self.case_of_charge[self._payers], minlength=len(self.books.orders)).astype(np.int64)

    @cached_property
    def captured(self) -> Ints:
        """Per case what these charges took, in their own currency."""
        return self._sum(self.case_of_charge[self._payers], self.captured_of_charge[self._payers])

    @cached_property
    def refunded(self) -> Ints:
        """Per case what of that went back."""
        return self._sum(self.case_of_charge[self._payers], self.refunded_of_charge[self._payers])

    @cached_property
    def allowed_difference(self) -> Ints:
        """Per case by how much `captured` may differ from `expected`."""
        return c.slack(self.books.orders[c.CURRENCY], self.expected, self.context.tolerance)

    def forget_sums(self) -> None:
        """Lets go of the money per case and charge, which the masks of rules alone ask for: 56 bytes a case."""
        for name in _SUMS:
            vars(self).pop(name, None)

    def paid_elsewhere(self, name: str) -> Mask:
        """Per case whether a charge that took money has another account, or currency, than its order."""
        order_codes, charge_codes = c.word_codes(self.books.orders[name], self.books.charges[name])
        cases = self.case_of_charge[self._payers]
        return self._at(cases[order_codes[cases] != charge_codes[self._payers]])

    def orders_in(self, *statuses: str) -> Mask:
        """Orders in one of these states."""
        codes, words = self._order_statuses
        return np.isin(codes, [code for code, word in enumerate(words) if word in statuses])

    def of_any_order(self, orders: Mask) -> Mask:
        """Per case whether one of its orders is among these."""
        return self._at(self.matching.stands_for[orders])

    def of_any_charge(self, charges: Mask) -> Mask:
        """Per case whether one of its charges is among these."""
        return self._at(self.case_of_charge[charges & ~self.without_order])

    @cached_property
    def _order_statuses(self) -> tuple[Positions, pd.Index[str]]:
        return pd.factorize(self.books.orders[c.STATUS])

    @cached_property
    def _payers(self) -> Positions:
        return np.flatnonzero(self.pays & ~self.without_order)

    def _young(self, moments: pd.Series[Any]) -> Mask:
        return np.asarray(c.micros(moments) > c.micros_of(self.context.as_of - self.context.settle))

    def _at(self, cases: Positions) -> Mask:
        return c.mask_at(cases, len(self.books.orders))

    def _sum(self, cases: Positions, amounts: Ints) -> Ints:
        """Exact integer sums per case."""
        return c.sums_at(cases, len(self.books.orders), amounts)
