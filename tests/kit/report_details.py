"""The lists of the made-up month: what is pending, refunds, disputes, failures, changes, earlier months."""

from datetime import UTC, datetime, timedelta

import pandas as pd

from recon import columns as c
from recon.journal.posting import Posting, entries, moved
from recon.journal.words import EntryKind, LedgerAccount
from recon.model import Account, Details

NOW = datetime(2026, 11, 30, 18, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def waiting() -> pd.DataFrame:
    """One thing of every kind: late, due today, due later, due nobody knows when."""
    made = NOW - 3 * DAY
    rows = [
        ("refund", "rfnd_1", "0000912", "chrg_1", "kakaopay", "pending", 8_800, "THB", made, NOW - 9 * DAY, -216),
        ("charge", "chrg_2", "0000007", "chrg_2", "promptpay", "pending", 25_000, "THB", made, NOW, 0),
        ("charge", "chrg_3", None, "chrg_3", "card", "authorised", 1_200, "JPY", made, NOW + 4 * DAY, 96),
        ("transfer", "trsf_1", None, None, None, "sent", 5_431_320, "THB", made, NOW + DAY, 24),
        ("order", "0000011", "0000011", "chrg_4", None, "refund_requested", 99, "THB", made, None, None),
        ("dispute", "dspt_1", "0000012", "chrg_5", "card", "open", 261_584, "THB", made, None, None),
    ]
    return c.WAITING.from_rows(rows)


def journal(account: Account) -> pd.DataFrame:
    """Two days of sales and a payout, and something of Omise's that nobody knows."""
    words = LedgerAccount
    postings: list[Posting] = []
    for day in ("2026-11-01", "2026-11-30"):
        sides = {"debit": words.CLEARING, "credit": words.ORDERS_CLEARING}
        postings += moved(day, EntryKind.SALES, account.currency, 1_234_500, **sides, rows=12)
        sides = {"debit": words.FEES, "credit": words.CLEARING}
        postings += moved(day, EntryKind.FEES, account.currency, 45_059, **sides, rows=12)
    payout = ((words.CASH_IN_TRANSIT, 997_000), (words.TRANSFER_FEES, 3_000), (words.CLEARING, -1_000_000))
    postings += [Posting("2026-11-30", EntryKind.PAYOUTS, account.currency, *amount, 1) for amount in payout]
    other = ("2026-11-30", EntryKind.OTHER, account.currency)
    postings += [
        Posting(*other, words.SUSPENSE, 700, 1, '=HYPERLINK("http://x")'),
        Posting(*other, words.CLEARING, -700, 1),
    ]
    return entries(account, postings)


def refunds() -> pd.DataFrame:
    """A refund that both sides know, one in two parts, one that only the shop knows."""
    end = NOW + 300 * DAY
    rows = [
        (
            "rfnd_2",
            "0000020",
            "chrg_20",
            "card",
            "closed",
            "refunded",
            10_000,
            "THB",
            10_000,
            10_000,
            0,
            None,
            NOW,
            end,
        ),
        ("rfnd_3", "0000021", "chrg_21", "card", "closed", "paid", 500, "THB", 0, 900, 900, None, NOW, end),
        ("rfnd_4", "0000021", "chrg_21", "card", "pending", "paid", 400, "THB", None, None, None, None, NOW, end),
        (None, "0000911", "chrg_22", None, "none at Omise", "refunded", None, "JPY", 700, 0, -700, None, NOW, None),
    ]
    return c.REFUND_LIST.from_rows(rows)


def disputes() -> pd.DataFrame:
    """One open, one lost."""
    made = NOW - 8 * DAY
    lost = ("dspt_2", "chrg_6", "lost", None, None, None, "card")
    rows = [
        (
            "dspt_1",
            "chrg_5",
            "open",
            "goods_or_services_not_provided",
            "0000012",
            "paid",
            "card",
            261_584,
            "THB",
            261_584,
            "THB",
            made,
            None,
            8,
            c.DOCUMENTS,
            made + 7 * DAY,
        ),
        (*lost, 1_000, "USD", 35_000, "THB", made, NOW - DAY, 7, c.MESSAGE, None),
    ]
    return c.DISPUTE_LIST.from_rows(rows)


def dispute_rates() -> pd.DataFrame:
    """A month without a charge that is stored, one under review and one that is above the limits."""
    rows = [
        ("2026-09-30", 1, 0, None, "no charges"),
        ("2026-10-31", 4, 1_201, 33, "review"),
        ("2026-11-30", 2, 70, 285, "above"),
    ]
    return c.DISPUTE_RATES.from_rows(rows)


def failures() -> pd.DataFrame:
    """By method, state and reason."""
    rows = [
        ("card", "failed", "insufficient_fund", "THB", 13, 410, 317, 9, 921_549),
        ("promptpay", "expired", None, "THB", 10, 165, 606, 5, 350_226),
        ("paypay", "failed", "payment_rejected", "JPY", 1, 8, 1_250, 0, 4_800),
    ]
    return c.FAILURES.from_rows(rows)


def changes() -> pd.DataFrame:
    """One break is new, one changed, one closed by itself and one by a person."""
    head = {
        c.NEW: ("brk_1", "order_missing", "high", "open", None, None),
        c.CHANGED: ("brk_2", "amount_mismatch", "critical", "acknowledged", "high", "open"),
    }
    rows = [
        (
            c.NEW,
            *head[c.NEW],
            "th",
            None,
            "chrg_9",
            "charge",
            "chrg_9",
            "THB",
            None,
            0,
            None,
            210_000,
            None,
            210_000,
            210_000,
            "Charge chrg_9 took 2,100.00, but no order belongs to it.",
        ),
        (
            c.CHANGED,
            *head[c.CHANGED],
            "th",
            "0000909",
            "chrg_8",
            "order",
            "0000909",
            "THB",
            50_000,
            50_000,
            45_000,
            40_000,
            5_000,
            10_000,
            5_000,
            "Order 0000909 and its charge differ.",
        ),
        (
            c.CLOSED,
            "brk_3",
            "charge_missing",
            "high",
            "auto_closed",
            "high",
            "open",
            "th",
            "0000904",
            None,
            "order",
            "0000904",
            "THB",
            99_900,
            None,
            0,
            None,
            99_900,
            None,
            -99_900,
            "=No charge.",
        ),
        (
            c.CLOSED,
            "brk_4",
            "currency_mismatch",
            "high",
            "written_off",
            "high",
            "open",
            "th",
            "0000905",
            None,
            "order",
            "0000905",
            "JPY",
            500,
            None,
            0,
            None,
            500,
            None,
            -500,
            "Another currency.",
        ),
    ]
    closed = {"auto_closed": "its time is over, and nothing agrees: the refund is still asked for"}
    return c.CHANGES.from_rows((*row, closed.get(str(row[4]))) for row in rows)


def figures() -> pd.DataFrame:
    """A count and two amounts."""
    rows = [
        ("expecting_orders", None, 70, 71, None, None, None),
        ("amount_open", "JPY", None, None, 12_500, 12_000, -500),
        ("amount_open", "THB", None, None, 1_000, 121_000, 120_000),
    ]
    return c.FIGURES.from_rows(rows)


def past() -> pd.DataFrame:
    """Three months; in the last nothing was sold."""
    rows = [
        ("2026-08-01", "2026-08-31", 980, 1_000, 25, True),
        ("2026-09-01", "2026-09-30", 995, 1_003, 12, True),
        ("2026-10-01", "2026-10-31", 0, 0, 0, True),
    ]
    return c.PAST.from_rows(rows)


def details() -> Details:
    """All of it, compared with a run as of 29 November."""
    lists = (refunds(), disputes(), dispute_rates(), failures())
    return Details(*lists, changes(), figures(), past(), "2026-11-29")
