"""Fees and VAT come out to the unit: from the rates on a charge, from a contract, for every charge ever recorded."""

import json
from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon import columns as c
from recon.calendars import days_window, local_day
from recon.omise.objects import decode_object
from recon.omise.scrub import Scrub
from recon.settings import ContractRate
from recon.settlement.fee_lines import fee_lines
from recon.settlement.fees import ExpectedFees, by_contract, by_own_rates, half_up
from tests.kit.books import AS_OF, BANGKOK, DAY, NOON, TH, build, charge
from tests.kit.ledgers import START, Merchant
from tests.kit.places import FIXTURES


def own(*rows: dict[str, Any]) -> ExpectedFees:
    return by_own_rates(build(c.CHARGES, rows))


def priced(amount: int, fee: int, vat: int, **fields: Any) -> dict[str, Any]:
    rates = {"fee_rate": "3.65", "fee_flat": "0.0", "vat_rate": "7.0"}
    return dict(charge("chrg_1", None, amount, **{"fee": fee, "fee_vat": vat, **rates, **fields}))


def recorded_charges() -> list[dict[str, Any]]:
    """Every recorded charge that names its rates, once per amounts, through the product's own decoder."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}

    def walk(node: Any) -> None:
        if isinstance(node, dict) and node.get("object") == "charge" and "transaction_fees" in node:
            row = decode_object("charge", json.dumps(node).encode(), Scrub(None, ()))
            values = dict(zip(c.CHARGE.names, row.values, strict=True))
            asked = {name: value for name, value in values.items() if name in c.CHARGES.names}
            found[row.id, values["fee"], values["fee_vat"]] = asked | {"account": "th"}
        for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            walk(inner)

    for path in sorted(FIXTURES.rglob("*.json")):
        walk(json.loads(path.read_text(encoding="utf-8")))
    return list(found.values())


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded responses are not here")
def test_every_recorded_charge_is_recomputed_to_the_unit() -> None:
    rows = recorded_charges()
    assert len(rows) >= 35
    proved = own(*rows)
    assert proved.has_fee.all()
    assert proved.fee.tolist() == [row["fee"] for row in rows]
    assert proved.vat.tolist() == [row["fee_vat"] for row in rows]
    for row in rows:
        costs = row["fee"] + row["fee_vat"] + row["interest"] + row["interest_vat"]
        assert row["net"] == row["funding_amount"] - costs


@pytest.mark.parametrize(
    ("amount", "rate", "fee", "vat"),
    [
        (5_000, "3.65", 183, 13),
        (31_000, "3.65", 1_132, 79),
        (100_000, "3.65", 3_650, 256),
        (50_000, "3.65", 1_825, 128),
        (156_000, "1.65", 2_574, 180),
        (2_000, "1.65", 33, 2),
        (1_000_000, "3.65", 36_500, 2_555),
    ],
)
def test_rates_that_were_seen(amount: int, rate: str, fee: int, vat: int) -> None:
    proved = own(priced(amount, fee, vat, fee_rate=rate))
    assert not proved.wrong_fee.any()
    assert proved.vat.tolist() == [vat]


def test_a_unit_more_is_a_wrong_fee_and_two_units_a_wrong_vat() -> None:
    proved = own(priced(5_000, 184, 13), priced(5_000, 183, 14), priced(5_000, 183, 15))
    assert proved.wrong_fee.tolist() == [True, False, False]
    assert proved.wrong_vat.tolist() == [False, False, True]


def test_a_charge_without_rates_is_not_judged() -> None:
    proved = own(priced(5_000, 1, 1, fee_rate=None, vat_rate=None), priced(5_000, 1, 1, fee_rate="much", vat_rate=""))
    assert not proved.has_fee.any()
    assert not proved.wrong_fee.any()
    assert not proved.wrong_vat.any()


def test_a_flat_fee_counts_in_minor_or_in_major_units_since_nobody_knows() -> None:
    proved = own(
        priced(100, 800, 56, fee_rate="0.0", fee_flat="800.0"),
        priced(100, 800, 56, fee_rate="0.0", fee_flat="8.0"),
        priced(100, 801, 56, fee_rate="0.0", fee_flat="8.0"),
    )
    assert proved.wrong_fee.tolist() == [False, False, True]


def test_a_contract_holds_from_its_day_on_and_for_its_brand_first() -> None:
    old = ContractRate(NOON - 30 * DAY, Fraction("3.65"), Fraction(7))
    new = ContractRate(NOON, Fraction("3.40"), Fraction(7))
    jcb = ContractRate(NOON - 30 * DAY, Fraction("3.90"), Fraction(7), flat=100, brand="JCB")
    contract = {("th", "card"): (jcb, new, old)}
    rows = [
        priced(100_000, 3_650, 256, created_at=NOON - DAY, card_brand="Visa"),
        priced(100_000, 3_400, 238, created_at=NOON, card_brand="Visa"),
        priced(100_000, 4_000, 280, created_at=NOON, card_brand="jcb"),
        priced(100_000, 1, 1, created_at=NOON - 31 * DAY, card_brand="Visa"),
        priced(100_000, 1, 1, created_at=NOON, method="promptpay"),
    ]
    proved = by_contract(build(c.CHARGES, rows), lambda account, method: contract.get((account, method), ()))
    assert not proved.wrong_fee.any()
    assert proved.has_fee.tolist() == [True, True, True, False, False]
    assert proved.fee.tolist()[:3] == [3_650, 3_400, 4_000]


def test_the_first_moment_of_a_contract_is_its_days_midnight_there() -> None:
    midnight = datetime(2026, 10, 20, tzinfo=BANGKOK)
    rate = ContractRate(midnight, Fraction(1), Fraction(7))
    rows = [
        priced(1_000, 10, 1, created_at=midnight),
        priced(1_000, 10, 1, created_at=midnight - DAY),
    ]
    proved = by_contract(build(c.CHARGES, rows), lambda *_: (rate,))
    assert proved.has_fee.tolist() == [True, False]


@given(st.integers(0, 2**50), st.decimals(0, 99, places=4))
def test_columns_and_fractions_agree_at_every_size(amount: int, rate: Any) -> None:
    due = half_up(amount * Fraction(rate) / 100)
    assert own(priced(amount, due, 0, fee_rate=str(rate), vat_rate=None)).fee.tolist() == [due]


def test_a_month_of_charges_with_and_without_rates_is_compared_as_a_whole() -> None:
    """Of one that carries no rate its own fee is held against it: the line differs by what the others do."""
    shop = Merchant()
    shop.charge(100_000, fee=3_651)
    shop.charge(100_000, fee_rate=None, vat_rate=None)
    shop.charge(100_000, method="promptpay", card_brand=None, fee_rate=None, vat_rate=None)
    days = (local_day(START, TH.zone), local_day(AS_OF, TH.zone))
    lines = fee_lines(shop.books(), TH, days_window(*days, TH.zone), days)
    names = [c.METHOD, c.FEE, c.EXPECTED_FEE, c.FEE_VAT, c.EXPECTED_VAT]
    shown = lines[names].astype(object).where(lines[names].notna(), None)
    assert list(shown.itertuples(index=False, name=None)) == [
        ("card", 7_301, 7_300, 512, 512),
        ("promptpay", 3_650, None, 256, None),
    ]
