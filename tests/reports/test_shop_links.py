"""An order's URL in its shop: a hostile id stays one part of the path; what no source says has none."""

import pytest

from reports.shop_links import ShopLinks


@pytest.mark.parametrize(
    ("order_id", "url"),
    [
        ("1001", "https://shop.example/orders/1001"),
        ("a/b?c=d#e f", "https://shop.example/orders/a%2Fb%3Fc%3Dd%23e%20f"),
        ('"><script>', "https://shop.example/orders/%22%3E%3Cscript%3E"),
        ("注文 9", "https://shop.example/orders/%E6%B3%A8%E6%96%87%209"),
        ("{order_id}%2e", "https://shop.example/orders/%7Border_id%7D%252e"),
        ("..", ""),
    ],
)
def test_an_id_is_encoded(order_id: str, url: str) -> None:
    assert ShopLinks({"shop": "https://shop.example/orders/{order_id}"}).url("shop", order_id) == url


def test_an_order_that_is_not_stored_or_of_a_source_without_a_link_has_none() -> None:
    sources = {("th", "1"): "shop", ("th", "2"): "till", ("jp", "1"): "web"}
    templates = {"shop": "https://shop.example/{order_id}", "web": "http://web.example/?id={order_id}&x={order_id}"}
    links = ShopLinks(templates, lambda orders: {order: sources[order] for order in orders if order in sources})
    asked = [("th", "1"), ("th", "2"), ("jp", "1"), ("jp", "2")]
    assert links.of_orders(asked) == {
        ("th", "1"): "https://shop.example/1",
        ("jp", "1"): "http://web.example/?id=1&x=1",
    }
    assert links.url(None, "1") == ""
