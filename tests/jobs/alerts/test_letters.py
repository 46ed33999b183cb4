"""A digest in words: what stands in it, and what does not."""

from jobs.alerts.decide import RANGE_CHANGED, WORSE, About, Digest, News, Notice
from jobs.alerts.letters import letter_of
from recon.model import Severity
from recon.money import Currencies
from tests.kit.alert_samples import DAY, known
from tests.kit.store_samples import NOON

ABOUT = About(
    NOON,
    NOON,
    12,
    "nightly",
    (("th", "settlement_th_2026-02-28_2026-02-28.xlsx"),),
    "https://recon.shop.test",
    "abc123",
)
NEWS = (
    News("new", 1, known("A-1", severity=Severity.CRITICAL, amount_at_risk=1_234_50)),
    News(WORSE, 2, known("<b>&", account="jp", currency="JPY", amount_at_risk=500)),
)
DIGEST = Digest(
    ABOUT, (Notice("incomplete", "jp", DAY, DAY, "Omise gave no answer; run again"),), NEWS, ("sg",), {"th": 3}
)

TEXT = """\
Run 12, nightly, as of 2026-03-01 12:00 UTC

Run not complete: jp, 2026-02-28
  Omise gave no answer; run again

jp: 1 worse break; 0 open in all
  high Order paid, and no charge for it (charge_missing): 1, JPY 500

th: 1 new break; 3 open in all
  critical Order paid, and no charge for it (charge_missing): 1, THB 1,234.50

One by one
  1. critical Order paid, and no charge for it (charge_missing): th order A-1, THB 1,234.50 at risk
     Order A-1 has no charge.
  2. high Order paid, and no charge for it (charge_missing), worse: jp order <b>&, JPY 500 at risk
     Order <b>& has no charge.

All clear: sg. Everything that was told is settled; 0 open in all.

Page: https://recon.shop.test
Workbook: settlement_th_2026-02-28_2026-02-28.xlsx
Audit head: abc123
"""


def test_the_text_says_it_all() -> None:
    assert letter_of(DIGEST, Currencies()).text == TEXT


def test_the_title_says_what_is_worst() -> None:
    title = letter_of(DIGEST, Currencies()).title
    assert title == "recon: run not complete, 1 new and 1 worse breaks (critical), all clear: jp, sg, th"
    assert letter_of(Digest(ABOUT, clear=("th",)), Currencies()).title == "recon: all clear: th"
    changed = Notice(RANGE_CHANGED, "th", DAY, DAY, "")
    assert letter_of(Digest(ABOUT, (changed,)), Currencies()).title == "recon: signed range changed: th"


def test_the_html_says_the_same_and_is_escaped() -> None:
    html = letter_of(DIGEST, Currencies()).html
    for words in (
        "A-1",
        "JPY&nbsp;500",
        "&lt;b&gt;&amp;",
        "Run not complete",
        "All clear: sg",
        'href="https://recon',
    ):
        assert words in html
    assert "<b>&</b>" not in html


def test_breaks_of_one_cause_are_one_thing_to_do_with_its_members() -> None:
    late = [
        known(f"chrg_{day}", code="settlement_overdue", subject_type="charge", suggestion="Ask why payouts stopped.")
        for day in range(14)
    ]
    alone = known("A-9", severity=Severity.CRITICAL)
    news = tuple(News("new", at, one) for at, one in enumerate((alone, *late), start=1))
    text = letter_of(Digest(ABOUT, news=news), Currencies()).text
    assert "One by one\n  1. critical Order paid, and no charge for it (charge_missing): th order A-9" in text
    members = ", ".join(f"chrg_{day}" for day in range(12))
    assert (
        "  2. high Payouts of th are late or paused (settlement_overdue): 14 breaks, THB 1,400.00 at risk\n"
        "     Ask why payouts stopped.\n"
        f"     charges {members} and 2 more\n"
    ) in text
    assert "Payouts of th are late or paused</b>" in letter_of(Digest(ABOUT, news=news), Currencies()).html
    single = letter_of(Digest(ABOUT, news=news[:2]), Currencies()).text
    assert "Payouts of th are late" not in single, "alone it is itself"


def test_a_cause_that_cuts_both_ways_is_told_once_for_each_and_never_added() -> None:
    both = [
        known(f"A-{n}-{actual}", code="amount_scale_mismatch", expected=1_000, actual=actual)
        for actual in (100, 10_000)  # owed to us, owed to customers
        for n in range(2)
    ]
    news = tuple(News("new", at, one) for at, one in enumerate(both, start=1))
    text = letter_of(Digest(ABOUT, news=news), Currencies()).text
    assert text.count("amounts of th in the wrong unit (amount_scale_mismatch): 2 breaks, THB 200.00 at risk") == 2


def test_more_than_ten_are_counted() -> None:
    news = tuple(News("new", at, known(str(at))) for at in range(1, 1_201))
    text = letter_of(Digest(ABOUT, news=news), Currencies()).text
    assert "The first 10 of 1,200\n" in text
    assert "th: 1,200 new breaks" in text
    assert "order 10," in text
    assert "order 11," not in text


def test_what_is_personal_or_secret_is_masked() -> None:
    words = "skey_test_5abc for somchai@example.com, card 4242424242424242, account 123-4-56789-0"
    digest = Digest(
        ABOUT, (Notice("failed", "th", DAY, DAY, words),), (News("new", 1, known("x@y.example", explanation=words)),)
    )
    made = letter_of(digest, Currencies())
    for part in (made.title, made.text, made.html):
        for secret in ("skey_test_5abc", "somchai", "4242", "x@y.example"):
            assert secret not in part
    assert "…7890" in made.text
