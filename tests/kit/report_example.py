"""A made-up month with everything in it, for the tests of the workbook."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from recon import columns as c
from recon.model import (
    Account,
    Break,
    BreakStatus,
    CurrencyTotals,
    Details,
    InputFile,
    KnownBreak,
    Proof,
    ProofItem,
    Result,
)
from recon.rules import RULE_OF, exposure_of, title_of
from tests.kit import report_details

AS_OF = datetime(2026, 11, 30, 18, 30, tzinfo=UTC)
TH = Account("th", "TH", "THB", ZoneInfo("Asia/Bangkok"))
JP = Account("jp", "JP", "JPY", ZoneInfo("Asia/Tokyo"))
SG = Account("sg", "SG", "SGD", ZoneInfo("Asia/Singapore"))
MY = Account("my", "MY", "MYR", ZoneInfo("Asia/Kuala_Lumpur"))


def matched(rows: int, *, currency: str = "THB", funding: str = "THB") -> pd.DataFrame:
    """Orders with their charges, one charge each; amounts differ from row to row."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    made = [start + timedelta(minutes=7 * i) for i in range(rows)]
    amounts = [10_000 + (i * 7_919) % 500_000 for i in range(rows)]
    fees = [amount * 365 // 10_000 for amount in amounts]
    vat = [fee * 7 // 100 for fee in fees]
    methods = ("card", "promptpay", "truemoney", "mobile_banking_scb")
    return c.MATCHED.build(
        {
            c.ORDER_ID: [f"{i + 1:07d}" for i in range(rows)],
            c.CHARGE_ID: [f"chrg_test_5xuy{i:015d}" for i in range(rows)],
            c.MATCHED_BY: [("charge_id", "metadata", "description")[i % 3] for i in range(rows)],
            c.ORDER_STATUS: ["paid"] * rows,
            c.CHARGE_STATUS: ["successful"] * rows,
            c.ORDER_AMOUNT: amounts,
            c.CHARGE_AMOUNT: amounts,
            c.CURRENCY: [currency] * rows,
            c.REFUNDED_AMOUNT: [amount // 4 if i % 9 == 0 else 0 for i, amount in enumerate(amounts)],
            c.METHOD: [methods[i % 4] for i in range(rows)],
            c.CARD_BRAND: [("Visa", "MasterCard")[i % 2] if i % 4 == 0 else None for i in range(rows)],
            c.FUNDING_AMOUNT: amounts,
            c.FEE: fees,
            c.FEE_VAT: vat,
            c.NET: [a - f - v for a, f, v in zip(amounts, fees, vat, strict=True)],
            c.FUNDING_CURRENCY: [funding] * rows,
            c.ORDER_CREATED_AT: made,
            c.CREATED_AT: [moment + timedelta(seconds=41) for moment in made],
            c.PAID_AT: [moment + timedelta(seconds=95) if i % 50 else None for i, moment in enumerate(made)],
        }
    )


def known_break(
    code: str,
    number: int,
    *,
    currency: str | None = "THB",
    expected: int | None = None,
    actual: int | None = None,
    risk: int | None = None,
    age: int = 0,
    status: BreakStatus = BreakStatus.OPEN,
    owner: str | None = None,
    explanation: str = "",
    since: int | None = None,
) -> KnownBreak:
    """One break, first seen `age` days before the as-of moment, of `since` days before it (null: the same day)."""
    rule = RULE_OF[code]
    break_ = Break(
        code=code,
        severity=rule.default,
        account="th",
        subject_type=rule.subject,
        subject_id=f"{rule.subject}_{number}",
        explanation=explanation or f"{rule.meaning} Order {number:07d}.",
        suggestion=rule.action,
        currency=currency,
        expected=expected,
        actual=actual,
        amount_at_risk=risk,
        due_by=AS_OF + timedelta(days=9) if number % 4 == 0 else None,
        order_id=f"{number:07d}" if rule.subject == "order" else None,
        charge_id=f"chrg_test_5xuy{number:015d}" if rule.subject != "row" and code != "charge_missing" else None,
        refund_id=f"rfnd_test_5xuy{number:015d}" if rule.subject == "refund" else None,
        occurred_on=(AS_OF - timedelta(days=age if since is None else since)).astimezone(TH.zone).date()
        if rule.subject != "row"
        else None,
    )
    return KnownBreak(break_, status, AS_OF - timedelta(days=age, hours=1), AS_OF, owner)


BREAKS = (
    known_break("order_paid_charge_failed", 901, expected=128_000, risk=128_000, age=0),
    known_break("order_paid_charge_failed", 902, expected=45_050, risk=45_050, age=1, owner="Malee"),
    known_break("amount_scale_mismatch", 903, expected=150_000, actual=1_500, risk=148_500, age=0),
    known_break("charge_missing", 904, expected=99_900, risk=99_900, age=3, since=17),
    known_break("charge_missing", 905, expected=5_500, risk=5_500, age=12, currency="USD"),
    known_break("order_missing", 906, actual=210_000, risk=210_000, age=2),
    known_break("order_not_marked_paid", 907, expected=78_000, actual=78_000, risk=78_000, age=0),
    known_break("duplicate_charge", 908, expected=64_000, actual=128_000, risk=64_000, age=5, owner="Somchai"),
    known_break("amount_mismatch", 909, expected=50_000, actual=45_000, risk=5_000, age=40),
    known_break("currency_mismatch", 910, expected=12_000, risk=12_000, age=7, currency="JPY"),
    known_break("refund_unrecorded", 911, expected=0, actual=25_000, risk=25_000, age=95),
    known_break("refund_overdue", 912, actual=8_800, risk=8_800, age=9, status=BreakStatus.ACKNOWLEDGED),
    known_break("settlement_overdue", 913, actual=1_904_500, risk=1_904_500, age=4, since=65),
    known_break("order_invalid", 914, currency=None, age=0),
    known_break("fee_vat_mismatch", 915, expected=255, actual=256, risk=1, age=33, currency="SGD"),
)


def breaks(known: Sequence[KnownBreak] = BREAKS, region: str = "TH") -> pd.DataFrame:
    """The frame of breaks as a result holds it."""
    return c.BREAKS.from_rows(
        [
            (
                b.id,
                b.code,
                b.severity.word,
                k.status.value,
                b.account,
                region,
                b.currency,
                b.subject_type,
                b.subject_id,
                b.order_id,
                b.charge_id,
                b.refund_id,
                b.transfer_id,
                b.transaction_id,
                b.dispute_id,
                b.expected,
                b.actual,
                b.difference,
                b.amount_at_risk,
                b.due_by,
                k.first_seen,
                k.last_seen,
                k.age_days(AS_OF, TH.zone),
                k.owner,
                b.explanation,
                b.suggestion,
                title_of(b.code),
                exposure_of(b.code, b.expected, b.actual),
                b.occurred_on and b.occurred_on.isoformat(),
                k.known_days(AS_OF, TH.zone),
            )
            for k, b in ((k, k.latest) for k in known)
        ]
    )


def rejected() -> pd.DataFrame:
    """Two rows that could not be read."""
    return c.REJECTED.from_rows(
        [
            ("th", "shop", "orders/2026-11-12.csv", 118, "amount", 'amount "12.345" has more decimals', "9f2c" * 8),
            (None, "shop", "orders/2026-11-12.csv", 240, "account", 'account "vn" is not known', "77ab" * 8),
        ]
    )


def totals(links: pd.DataFrame, open_breaks: pd.DataFrame) -> tuple[CurrencyTotals, ...]:
    """What a result says per currency, recomputed here row by row."""
    pairs = list(zip(links[c.CURRENCY], links[c.CHARGE_AMOUNT], links[c.ORDER_ID], strict=True)) if len(links) else []
    risks = list(zip(open_breaks[c.CURRENCY], open_breaks[c.AMOUNT_AT_RISK], strict=True)) if len(open_breaks) else []
    codes = sorted({p[0] for p in pairs} | {r[0] for r in risks if isinstance(r[0], str)})
    return tuple(
        CurrencyTotals(
            currency=code,
            orders=sum(p[0] == code for p in pairs) + 3,
            charges=sum(p[0] == code for p in pairs) + 2,
            matched_orders=len({p[2] for p in pairs if p[0] == code}),
            amount_matched=sum(int(p[1]) for p in pairs if p[0] == code),
            amount_open=sum(int(r[1]) for r in risks if r[0] == code and not pd.isna(r[1])),
        )
        for code in codes
    )


def register() -> pd.DataFrame:
    """A write-off that a second person approved, one that was withdrawn, and a pattern."""
    life = ("order", "order_1")
    broken = ("th", "charge_missing", title_of("charge_missing"), "brk_1", *life, 9, "THB", 5_500)
    other = ("th", "amount_mismatch", title_of("amount_mismatch"), "brk_2", "order", "order_2", 3, "THB", 1_200)
    approved = (
        "no action needed",
        "Malee",
        "Somchai",
        None,
        "in force",
        None,
        "TH-20261112-WOF",
        "Orders clearing",
        5_500,
    )
    withdrawn = ("timing", "Malee", None, None, "WITHDRAWN", "Malee on 2026-11-15: a mistake", None, None, None)
    pattern = (None, "order_missing", title_of("order_missing"), None, "pattern", "TEST-*", None, None, None)
    expected = ("tests of the shop", "Somchai", None, "2026-12-31", "in force", None, None, None, None)
    return c.REGISTER.from_rows(
        [
            (1, "rul_1", "2026-11-12", "write off", *broken, *approved),
            (2, "rul_4", "2026-11-14", "write off", *other, *withdrawn),
            (3, "rul_6", "2026-11-16", "ignore", *pattern, *expected),
        ]
    )


def result_of(
    links: pd.DataFrame | None = None,
    open_breaks: pd.DataFrame | None = None,
    aside: pd.DataFrame | None = None,
    account: Account = TH,
) -> Result:
    """A result whose totals fit its frames; by default a full one."""
    links = matched(60) if links is None else links
    open_breaks = breaks() if open_breaks is None else open_breaks
    aside = rejected() if aside is None else aside
    orders = links[c.ORDER_ID].nunique() if len(links) else 0
    return Result(
        account=account,
        first_day=date(2026, 11, 1),
        last_day=date(2026, 11, 30),
        as_of=AS_OF,
        orders=orders + 12,
        charges=orders + 9,
        refunds=34,
        transfers=21,
        transactions=688,
        matched_orders=orders,
        expecting_orders=orders + 11,
        rejected_rows=len(aside),
        register=register(),
        ignored_rows=17,
        notes={"charges of payment links": 4, "orders of amount zero": 2},
        currencies=totals(links, open_breaks),
        proofs=(
            Proof("Charges less fees and refunds = ledger credits", account.currency, 74_512_300, 74_512_300),
            Proof(
                "Ledger balance = balance at Omise",
                account.currency,
                8_120_050,
                8_095_050,
                (ProofItem("open break balance_mismatch", ((account.name, -25_000),)),),
            ),
            Proof(
                "Transfers paid = credits at the bank",
                account.currency,
                61_000_000,
                60_998_500,
                rest=(("trsf_example_1", -1_500),),
            ),
        ),
        inputs=(
            InputFile("shop", "orders/2026-11.csv", "5d41402abc4b2a76b9719d911017c592" * 2, 312),
            InputFile("shop", "orders/2026-11-12.csv", "7d793037a0760186574b0282f2f435e7" * 2, 260),
        ),
        matched=links,
        breaks=open_breaks,
        rejected=aside,
        waiting=report_details.waiting(),
        journal=report_details.journal(account),
        details=report_details.details(),
    )


def bare_result_of(
    links: pd.DataFrame | None = None,
    open_breaks: pd.DataFrame | None = None,
    aside: pd.DataFrame | None = None,
    account: Account = TH,
) -> Result:
    """The same without what most tests do not look at, which takes a third of the time: journal, details, rulings."""
    links = matched(3) if links is None else links
    nothing = pd.DataFrame()
    full = result_of(links, open_breaks, aside, account)
    return replace(full, waiting=nothing, journal=nothing, details=Details(), register=c.REGISTER.empty())


def result_with_a_closed_break() -> Result:
    """One order more counts as matched, for 50 baht: a person closed its break, so it has no row."""
    result = result_of()
    currencies = tuple(
        replace(total, matched_orders=total.matched_orders + 1, amount_matched=total.amount_matched + 5_000)
        if total.currency == "THB"
        else total
        for total in result.currencies
    )
    return replace(result, matched_orders=result.matched_orders + 1, currencies=currencies)


def empty_result() -> Result:
    """Nothing at all in the range."""
    return replace(
        result_of(pd.DataFrame(), pd.DataFrame(), pd.DataFrame()),
        orders=0,
        charges=0,
        refunds=0,
        transfers=0,
        transactions=0,
        expecting_orders=0,
        ignored_rows=0,
        notes={},
        proofs=(),
        inputs=(),
        waiting=pd.DataFrame(),
        journal=pd.DataFrame(),
        details=Details(),
    )
