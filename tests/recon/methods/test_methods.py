"""The rule book: every method, every figure with its source, and what the configuration says instead."""

from datetime import timedelta
from typing import Any

import pytest

from recon.methods import FIGURES, UNSURE, MethodBook, document, duration_text, legend
from recon.money import Currencies

CERTAINTIES = {"recorded", "documented", "third party", "unsure", "document only"}
BOOK = MethodBook()
REGION = {"th": "TH", "sg": "SG", "jp": "JP", "my": "MY", "kr": "KR"}
DAY = timedelta(days=1)
EVERY_METHOD = [
    "card",
    "googlepay",
    "applepay",
    "kakaopay",
    "alipay_hk",
    "alipay_cn",
    "dana",
    "gcash",
    "touch_n_go",
    "alipayplus_mpm",
    "alipayplus_upm",
    "promptpay",
    "truemoney",
    "truemoney_jumpapp",
    "truemoney_qr",
    "rabbit_linepay",
    "shopeepay",
    "shopeepay_jumpapp",
    "grabpay",
    "boost",
    "duitnow_qr",
    "duitnow_obw",
    "maybank_qr",
    "fpx",
    "paynow",
    "mobile_banking_bay",
    "mobile_banking_bbl",
    "mobile_banking_kbank",
    "mobile_banking_ktb",
    "mobile_banking_scb",
    "mobile_banking_ocbc",
    "mobile_banking_ocbc_pao",
    "internet_banking_bay",
    "internet_banking_bbl",
    "internet_banking_ktb",
    "internet_banking_scb",
    "installment_bay",
    "installment_bbl",
    "installment_first_choice",
    "installment_kbank",
    "installment_ktc",
    "installment_scb",
    "installment_ttb",
    "installment_uob",
    "installment_citi",
    "installment_wlb_bay",
    "installment_wlb_ktc",
    "installment_mbb",
    "atome",
    "atome_qr",
    "wechat_pay",
    "wechat_pay_mpm",
    "wechat_pay_upm",
    "barcode_wechat",
    "alipay",
    "barcode_alipay",
    "bill_payment_tesco_lotus",
    "econtext",
    "paypay",
    "direct_debit_bay",
    "direct_debit_kbank",
    "direct_debit_ktb",
    "direct_debit_scb",
    "qr_code_upi",
    "points_citi",
]

# method, account, figure, currency or card brand, value, certainty
FIGURES_SAID = [
    ("kakaopay", "th", "minimum", "THB", 20_00, "documented"),
    ("kakaopay", "th", "maximum", "THB", 150_000_00, "documented"),
    ("kakaopay", "sg", "minimum", "SGD", 1_00, "documented"),
    ("kakaopay", "sg", "maximum", "SGD", 20_000_00, "documented"),
    ("kakaopay", "sg", "hold", "", 5 * DAY, "documented"),
    ("kakaopay", "kr", "maximum", "KRW", 10_000_000, "document only"),
    ("kakaopay", "th", "expires_after", "", timedelta(minutes=10), "documented"),
    ("kakaopay", "th", "refund_business_days", "", 5, "documented"),
    ("card", "th", "refund_window", "Visa", 365 * DAY, "documented"),
    ("card", "sg", "refund_window", "JCB", 160 * DAY, "documented"),
    ("card", "jp", "refund_window", "American Express", 160 * DAY, "documented"),
    ("card", "jp", "expires_after", "", 30 * DAY, "documented"),
    ("card", "jp", "maximum", "JPY", 6_000_000, "documented"),
    ("paypay", "jp", "refund_window", "", 365 * DAY, "unsure"),
    ("econtext", "jp", "maximum", "JPY", 49_999, "documented"),
    ("econtext", "jp", "refund", "", "none", "third party"),
    ("promptpay", "th", "refund", "", "none", "third party"),
    ("mobile_banking_ocbc", "sg", "refund", "", "partial", "documented"),
    ("truemoney", "th", "refund", "", "full", "third party"),
    ("truemoney_qr", "th", "refund", "", "full", "unsure"),  # nobody says it of the QR code
    ("truemoney", "th", "maximum", "THB", 100_000_00, "unsure"),
    ("truemoney", "th", "minimum", "THB", 20_00, "documented"),
    ("installment_kbank", "th", "minimum", "THB", 2_000_00, "recorded"),
    ("rabbit_linepay", "th", "refund_window", "", 60 * DAY, "unsure"),
    ("dana", "sg", "maximum", "SGD", 20_000_00, "documented"),
    ("fpx", "my", "maximum", "MYR", 30_000_00, "unsure"),
]


@pytest.mark.parametrize(("method", "account", "name", "of", "value", "certainty"), FIGURES_SAID)
def test_what_the_book_says(method: str, account: str, name: str, of: str, value: object, certainty: str) -> None:
    found = BOOK.figure(name, method, account, REGION[account], currency=of, brand=of)
    assert found is not None
    assert (found.value, found.certainty) == (value, certainty)
    assert found.sure is (certainty not in UNSURE)


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_every_source_type_is_known(method: str) -> None:
    assert BOOK.knows(method)


def test_every_figure_has_a_source_and_a_certainty() -> None:
    for entry in BOOK.entries:
        for name, figure in entry.figures.items():
            assert figure.certainty in CERTAINTIES, (entry.names, name)
            assert figure.source, (entry.names, name)
            assert name in FIGURES


@pytest.mark.parametrize(
    ("method", "account", "name", "currency"),
    [
        ("kakaopay", "th", "maximum", "USD"),  # the book speaks of the region's own currency
        ("kakaopay", "jp", "maximum", "JPY"),  # not offered there
        ("moon_wallet", "th", "expires_after", ""),
        ("dana", "sg", "refund_business_days", ""),
    ],
)
def test_where_nobody_says_there_is_no_figure(method: str, account: str, name: str, currency: str) -> None:
    assert BOOK.figure(name, method, account, REGION[account], currency=currency) is None


def test_what_is_known_and_where() -> None:
    assert BOOK.offers("kakaopay", "th", "TH")
    assert not BOOK.offers("kakaopay", "jp", "JP")
    assert not BOOK.knows("moon_wallet")


def _expiry(book: MethodBook, method: str | None, account: str, region: str) -> Any:
    figure = book.figure("expires_after", method, account, region)
    return figure and figure.value


def test_the_configuration_beats_the_book_for_all_or_for_one_account() -> None:
    book = MethodBook(
        overrides={
            ("kakaopay", ""): {"expires_after": timedelta(minutes=20), "maximum": {"THB": 500}},
            ("kakaopay", "th"): {"expires_after": timedelta(minutes=15)},
        }
    )
    assert _expiry(book, "kakaopay", "th", "TH") == timedelta(minutes=15)
    assert _expiry(book, "kakaopay", "sg", "SG") == timedelta(minutes=20)
    high = book.figure("maximum", "kakaopay", "th", "TH", currency="THB")
    assert high is not None
    assert (high.value, high.certainty, high.source) == (500, "configured", "config.toml, [methods.kakaopay]")
    assert book.figure("maximum", "kakaopay", "sg", "SG", currency="SGD") == BOOK.figure(
        "maximum", "kakaopay", "sg", "SG", currency="SGD"
    )
    assert not book.offers("kakaopay", "jp", "JP")
    assert book.digest != BOOK.digest


def test_a_method_is_added_by_configuration_alone() -> None:
    book = MethodBook(overrides={("moon_wallet", "th"): {"refund": "none"}, ("sun_wallet", ""): {}})
    assert book.knows("moon_wallet")
    assert book.offers("moon_wallet", "th", "TH")
    assert not book.offers("moon_wallet", "sg", "SG")
    assert book.offers("sun_wallet", "sg", "SG")


@pytest.mark.parametrize(("exponent", "low", "high"), [(0, 100, 10_000_000), (2, 100_00, 10_000_000_00)])
def test_both_readings_of_won_have_the_same_limits_in_won(exponent: int, low: int, high: int) -> None:
    book = MethodBook(Currencies({"KRW": exponent}))
    figures = [book.figure(name, "kakaopay", "kr", "KR", currency="KRW") for name in ("minimum", "maximum")]
    assert [figure.value for figure in figures if figure] == [low, high]


def test_the_legend_says_every_figure_of_every_entry() -> None:
    lines = legend(BOOK)
    assert ("kakaopay", "SG", "SGD", "maximum", "20,000.00", "documented", "the KakaoPay document") in lines
    assert ("kakaopay", "KR", "KRW", "maximum", "10,000,000", "document only", "the KakaoPay document") in lines
    assert all(len(line) == 7 and all(isinstance(text, str) for text in line) for line in lines)
    configured = MethodBook(overrides={("kakaopay", "th"): {"maximum": {"THB": 500}}})
    assert legend(configured)[-1] == (
        "kakaopay",
        "account th",
        "THB",
        "maximum",
        "5.00",
        "configured",
        "config.toml, [methods.kakaopay.th]",
    )
    assert legend(configured, {"jp"}.__contains__) == lines, "another account's figures are not for everybody"


def test_the_document_has_every_method_of_every_region() -> None:
    found = {(one["method"], one["region"], one["brand"]): one for one in document(BOOK)}
    kakaopay = found["kakaopay", "TH", None]
    assert (kakaopay["currency"], kakaopay["flow"]) == ("THB", "app_redirect")
    assert kakaopay["figures"]["expires_after"]["value"] == 600
    assert kakaopay["figures"]["maximum"]["value"] == 15_000_000
    assert found["card", "JP", "jcb"]["figures"]["refund_window"]["value"] == 160 * 86_400


def test_durations_are_said_in_the_largest_exact_unit() -> None:
    lengths = {600: "10 minutes", 86_400: "1 day", 86_700: "1445 minutes", 3_600: "1 hour", 0: "0 seconds"}
    assert {seconds: duration_text(timedelta(seconds=seconds)) for seconds in lengths} == lengths
