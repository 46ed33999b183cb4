"""What Omise's plug-ins write into charges names their shops' orders, and no number beside it does."""

import re
from typing import Any

import pytest

from recon.matching.names import plugins, with_plugin_keys
from recon.settings import MatchSettings
from tests.kit.books import Job, Row, ambiguous_of, charge, failed, links_of, order

KEYS = with_plugin_keys(("order_id",))
SHOPIFY = with_plugin_keys(("order_id",), references=True)
REFERENCE = "rcZHQbAmGjGnNApXEhsR4okdI"


def found(orders: list[Row], charges: list[Row], **settings: Any) -> list[str]:
    """Every link in words."""
    return links_of(Job(MatchSettings(metadata_keys=KEYS, **settings)).judged(orders, charges))


def described(text: str, name: str = "chrg_1", amount: int = 5, **fields: Any) -> Row:
    """A charge without metadata over an amount that no order has."""
    return charge(name, None, amount, description=text, **fields)


@pytest.mark.parametrize(
    ("text", "order_id"),
    [
        ("WooCommerce Order id 85", "85"),
        ("WooCommerce Order id WC-85", "WC-85"),
        ("Magento 2 Order id 000000016", "000000016"),
        ("Magento Order id 000000016-1", "000000016-1"),
        ("Charge a card from OpenCart that order id is 18 from buyer@example.com", "18"),
        ("Charge an internet banking from OpenCart that order id is 18 from buyer@example.com", "18"),
        ("Charge a card from OpenCart that order id is 18 from [email]", "18"),
    ],
)
def test_a_plugins_description_names_its_order_alone(text: str, order_id: str) -> None:
    others = [order(word) for word in text.split() if word != order_id]
    assert found([order(order_id), *others], [described(text)]) == [f"{order_id} chrg_1 description"]
    assert found(others, [described(text)]) == []


@pytest.mark.parametrize(
    "text",
    [
        "opn-ros-local.myshopify.com - #18",
        "Charge a card using a token from PrestaShop (1.7.8.18)",
    ],
)
def test_numbers_that_are_no_orders_name_none(text: str) -> None:
    orders = [order("18"), order("#18"), order("1.7.8.18")]
    assert found(orders, [described(text)]) == []


def test_what_a_plugin_names_is_not_matched_by_amount() -> None:
    assert found([order("A-1")], [described("WooCommerce Order id 99", amount=10_000)]) == []
    shopify = described("opn-ros-local.myshopify.com - #18", amount=10_000)
    assert found([order("A-1")], [shopify]) == ["A-1 chrg_1 amount and time"]


def test_what_only_resembles_a_plugins_text_is_read_word_by_word() -> None:
    text = "Our WooCommerce Order id 85 and 86"
    assert ambiguous_of(Job().judged([order("85"), order("86")], [described(text)])) == {
        "85": ["chrg_1"],
        "86": ["chrg_1"],
    }


def test_the_keys_of_plugins_come_after_those_that_are_configured() -> None:
    assert with_plugin_keys(("cart",)) == ("cart", "order_id")
    assert with_plugin_keys(("x_reference",), references=True) == ("x_reference", "order_id")
    assert SHOPIFY == ("order_id", "x_reference")
    assert all(re.compile(plugin.description).groups <= 1 for plugin in plugins().values())


class TestReferences:
    """Shopify's file has the payment's reference, and charges have it as x_reference."""

    def settings(self, **more: Any) -> MatchSettings:
        keys = {"shop": SHOPIFY}
        return MatchSettings(metadata_keys=KEYS, source_keys=keys, undescribed=frozenset({"shop"}), **more)

    def links(self, orders: list[Row], charges: list[Row], **more: Any) -> list[str]:
        return links_of(Job(self.settings(**more)).judged(orders, charges))

    def paid(self, name: str = "chrg_1", reference: str = REFERENCE, **fields: Any) -> Row:
        text = "opn-ros-local.myshopify.com - #1001"
        return charge(name, None, source_refs=reference, description=text, **fields)

    def test_the_reference_links_whatever_the_order_is_called(self) -> None:
        orders = [order("1001", reference="r-other"), order("1018", reference=REFERENCE)]
        assert self.links(orders, [self.paid()]) == ["1018 chrg_1 metadata"]

    def test_an_order_may_have_several_references_and_a_reference_several_charges(self) -> None:
        orders = [order("1018", reference=f"r-1 + {REFERENCE}")]
        charges = [failed("chrg_0", None, source_refs=REFERENCE), self.paid(), self.paid("chrg_2", "r-1")]
        assert self.links(orders, charges) == [f"1018 chrg_{number} metadata" for number in range(3)]

    def test_a_reference_that_two_orders_have_is_shown_and_links_nothing(self) -> None:
        orders = [order("1018", reference=REFERENCE), order("1019", reference=f"{REFERENCE} + r-1")]
        judged = Job(self.settings()).judged(orders, [self.paid()])
        assert links_of(judged) == []
        assert ambiguous_of(judged) == {"1018": ["chrg_1"], "1019": ["chrg_1"]}
        assert Job(self.settings()).says(orders, [self.paid()]) == ["match_ambiguous 1018", "match_ambiguous 1019"]

    def test_equal_references_in_two_accounts_stay_apart(self) -> None:
        orders = [order("1018", reference=REFERENCE), order("1018", account="sg", reference=REFERENCE)]
        charges = [self.paid(), self.paid("chrg_2", account="sg")]
        assert self.links(orders, charges) == ["1018 chrg_1 metadata", "1018 chrg_2 metadata"]

    def test_the_charge_of_another_account_is_found_by_the_reference_and_the_same_amount(self) -> None:
        orders = [order("1018", reference=REFERENCE)]
        assert self.links(orders, [self.paid(account="sg")]) == ["1018 chrg_1 metadata"]
        assert self.links(orders, [self.paid(account="sg", amount=7)]) == []

    def test_a_source_without_these_keys_is_not_compared_by_them(self) -> None:
        assert self.links([order("1018", source="other", reference=REFERENCE)], [self.paid(amount=5)]) == []
        assert self.links([order("1018", source="other")], [charge(of="1018")]) == ["1018 chrg_1 metadata"]

    def test_two_sources_that_both_claim_a_charge_are_shown(self) -> None:
        orders = [order("1018", reference=REFERENCE), order("85", source="woo")]
        both = charge(of="85", source_refs=REFERENCE)
        judged = Job(self.settings()).judged(orders, [both])
        assert links_of(judged) == []
        assert ambiguous_of(judged) == {"1018": ["chrg_1"], "85": ["chrg_1"]}

    def test_of_two_orders_that_name_a_charge_the_charge_chooses_by_its_reference(self) -> None:
        orders = [order("1018", charge_id="chrg_1", reference=REFERENCE), order("1019", charge_id="chrg_1")]
        assert self.links(orders, [self.paid()]) == ["1018 chrg_1 charge id"]

    def test_the_keys_of_two_groups_of_sources_stay_apart(self) -> None:
        keys = {"shop": ("x_reference",), "kiosk": ("till",)}  # their groups in order: till, x_reference
        settings = MatchSettings(source_keys=keys)
        orders = [order("1018", source="shop", reference="r-1"), order("r-1", source="kiosk")]
        charges = [
            charge("chrg_1", None, source_refs="r-1\x1f"),
            charge("chrg_2", None, source_refs="\x1fr-1"),
        ]
        assert links_of(Job(settings).judged(orders, charges)) == ["1018 chrg_2 metadata", "r-1 chrg_1 metadata"]

    def test_a_list_of_ids_is_read_by_a_sources_own_keys_too(self) -> None:
        orders = [order("1018", 5_000), order("1019", 5_000)]
        assert self.links(orders, [charge(of=None, source_refs="1018, 1019")]) == [
            "1018 chrg_1 metadata",
            "1019 chrg_1 metadata",
        ]
