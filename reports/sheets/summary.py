"""The Summary: the page an auditor reads and signs; its totals are formulas over the detail sheets."""

from functools import partial

from reports.sheet import Page
from reports.summary.arriving import still_at_omise
from reports.summary.closing import decisions, inputs, notes, sign_off
from reports.summary.identity import beside_signed, identity, rests_on, title
from reports.summary.money import where_the_money_went
from reports.summary.open_breaks import by_age, by_cause, by_code, by_exposure, by_owner, over_open_breaks
from reports.summary.parts import WIDTHS, page_lines
from reports.summary.proofs import proofs
from reports.summary.totals import counts, currencies, waiting
from reports.summary.trend import trend
from reports.summary.trust import trust

_BLOCKS = (
    title,
    beside_signed,
    where_the_money_went,
    still_at_omise,
    trust,
    identity,
    counts,
    currencies,
    partial(over_open_breaks, (by_exposure, by_owner, by_age, by_cause, by_code)),
    proofs,
    decisions,
    waiting,
    notes,
    trend,
    rests_on,
    inputs,
    sign_off,
)


SHEET = Page(order=10, name="Summary", widths=WIDTHS, lines=partial(page_lines, _BLOCKS))
