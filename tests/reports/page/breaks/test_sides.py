"""Both sides of a break: one line for what means the same, and only what differs is marked."""

from typing import Any

from recon import columns as c
from recon.store.versions.evidence import Version
from reports.page.breaks.sides import Side, lines_of, rest_of
from tests.kit.store_samples import NOON

ORDER = {c.STATUS: "paid", c.AMOUNT: 100, c.CURRENCY: "THB", c.REFUNDED_AMOUNT: 0, c.SOURCE: "shop"}
CHARGE = {c.CHARGE_ID: "chrg_1", c.STATUS: "successful", c.AMOUNT: 100, c.CURRENCY: "THB", c.REFUNDED_AMOUNT: 5}


def side(kind: str, **fields: Any) -> Side:
    return Side(kind, f"{kind} 1", [Version(NOON, fields)] if fields else [])


def lines(*sides: Side) -> dict[str, tuple[tuple[str, ...], list[str]]]:
    return {line.label: (line.names, sorted(line.different)) for line in lines_of(sides)}


def test_an_order_and_its_charge_differ_in_what_both_say() -> None:
    found = lines(side("order", **ORDER), side("charge", **CHARGE, **{c.NET: 90}))
    assert found["Amount"] == ((c.AMOUNT, c.AMOUNT), [])
    assert found["Refunded"] == ((c.REFUNDED_AMOUNT,) * 2, ["charge", "order"])
    assert found["Status"] == ((c.STATUS, c.STATUS), []), "two systems have words of their own"
    assert found["In Omise's balance"] == (("", c.NET), [])
    assert "At the bank" not in found
    captured = lines(side("order", **ORDER), side("charge", **CHARGE, **{c.CAPTURED_AMOUNT: 99}))
    assert captured["Amount"] == ((c.AMOUNT, c.CAPTURED_AMOUNT), ["charge", "order"]), "what was captured counts"
    named = lines(side("order", **ORDER, **{c.CHARGE_ID: "chrg_2"}), side("charge", **CHARGE))
    assert named["Charge"][1] == ["charge", "order"]


def test_a_payout_is_held_against_its_credit_by_what_arrives() -> None:
    transfer = side("transfer", **{c.AMOUNT: 1_000, c.NET: 970, c.CURRENCY: "THB"})
    for credit, different in ((970, []), (960, ["bank_line", "transfer"])):
        found = lines(transfer, side("bank_line", **{c.AMOUNT: credit, c.CURRENCY: "THB", c.BOOKED_ON: "2026-03-01"}))
        assert found["At the bank"] == ((c.NET, c.AMOUNT), different)
        assert found["Amount"] == ((c.AMOUNT, ""), [])
        assert found["Made"] == (("", c.BOOKED_ON), [])


def test_a_transaction_of_a_charge_or_its_refund_accuses_neither() -> None:
    sides = [side("charge", **CHARGE, **{c.NET: 90}), side("refund", **{c.FUNDING_AMOUNT: 5, c.AMOUNT: 5})]
    booked = side("transaction", **{c.AMOUNT: 5, c.CURRENCY: "THB"})
    assert lines(*sides, booked)["In Omise's balance"][1] == []
    assert lines(sides[0], booked)["In Omise's balance"][1] == ["charge", "transaction"]


def test_what_no_line_has_is_the_rest_and_nothing_is_said_of_what_is_not_stored() -> None:
    sides = [side("order", **ORDER), side("charge")]
    found = lines_of(sides)
    assert rest_of(sides[0], found, 0) == [c.SOURCE]
    assert rest_of(sides[1], found, 1) == []
    assert not any(line.different for line in found)
    assert lines_of([side("charge")]) == []
