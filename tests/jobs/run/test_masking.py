"""What older rules stored in clear is masked once, and then nothing is new, changed or judged anew."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import jobs.run.opening.masking
from jobs.config import config as configuration
from jobs.desk.verifying import sign
from jobs.run.opening.masking import mask_what_is_stored
from recon.model import Malformed, Traces, Window
from recon.omise.objects import decode_object, read_objects
from recon.omise.scrub import Node, Scrub
from recon.orders import rows
from recon.privacy import RULES, HashKey, hidden_id
from recon.store.desk import audit
from recon.store.desk.people import Act
from recon.store.engine import Store, open_store, reading
from recon.store.tables import OBJECTS
from recon.store.tables.archive import ARCHIVE_FILE
from recon.store.versions import archive, kept_aside, masking
from recon.store.versions.archiving import Cut
from recon.store.versions.archiving import archive as move
from recon.store.versions.save import save_bank_lines, save_objects, save_orders
from recon.tabular import faults
from tests.kit.archived_store import raw_objects
from tests.kit.canaries import cells_of
from tests.kit.job import Job, clock, job
from tests.kit.small_config import ONE_ACCOUNT, SMALL, configured
from tests.kit.store_samples import DATABASES, HOUR, NOON, fresh_url, orders, rejected
from tests.recon.omise.test_objects import charge
from tests.recon.store.versions.test_bank import lines

PLANTED = {
    "contact": "Canary Somchai",
    "ship_to": "99/1 Canary Road 10110",
    "idcard": "1101700230708",
    "line_id": "canary99",
    "ชื่อผู้รับ": "สมชาย คานารี",
    "電話": "090-1234-5678",
    "nama_penuh": "Canary bin Ali",
    "联系人": "金丝雀",
}
HASH_KEY = HashKey((b"k" * 32,))
CLEAR = ("anary", "1101700230708", "คานารี", "90-1234-5678", "金丝雀", "81-234-5678")
TEXT = "Order-7 for Canary Somchai, call 081-234-5678"


class _Clear(Scrub):
    """As good as no rules at all."""

    def clean(self, node: Node) -> list[Node]:
        parts = [node]
        for value in node.values():
            for item in value if isinstance(value, list) else [value]:
                parts += self.clean(item) if isinstance(item, dict) and "object" in item else []
        return parts


@pytest.fixture
def older_rules(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    with monkeypatch.context() as patch:
        patch.setattr(Scrub, "clean", _Clear.clean)
        patch.setattr(rows, "payment_words", str)
        patch.setattr(rows, "charge_reference", str)
        patch.setattr(faults, "shown_cell", str)
        patch.setattr(faults.quoted, "__defaults__", (str,))
        patch.setattr(jobs.run.opening.masking, "mask_what_is_stored", lambda *_: 0)
        yield patch


def plant(made: Job) -> None:
    for charges in made.world.books.values():
        for planted in charges.charges[:30]:
            planted.description = f"{planted.description or ''} for Canary Somchai, 081-234-5678".strip()
            planted.metadata |= PLANTED
    path = made.orders("th")
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    names = head.split(",")
    for at, line in enumerate(lines[:3]):
        cells = line.split(",")
        cells[names.index("payment_method" if at else "status")] = "Canary Somchai"
        lines[at] = ",".join(cells)
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


def state(made: Job) -> dict[str, Any]:
    """How many versions there are, and what is known of every break but its words."""
    kinds = ("charge", "refund", "transfer", "transaction", "order", "bank_line", "rejected_row", "match")
    breaks = [{**found, "explanation": "", "last_seen": ""} for found in made.breaks()]
    return {"rows": {kind: len(made.rows(kind)) for kind in kinds}, "breaks": breaks}


@pytest.mark.proof  # the suite has two runs over masked ids below, and the store alone
async def test_a_store_of_older_rules_is_masked_without_a_new_version_or_another_break(
    tmp_path: Path, older_rules: pytest.MonkeyPatch
) -> None:
    async with job(tmp_path, orders=40, accounts=("th",)) as made:
        plant(made)
        first = await made.run(report=True)
        before = state(made)
        events = made.rows("break_event")
        config = configuration.load(made.config, {})
        book = next(path for path in first.reports if "_th_" in path.name)
        sign(config, book, "preparer", "finance", clock, "known and being worked on")
        assert in_clear(tmp_path / "recon.db"), "planted in vain"
        older_rules.undo()
        again = await made.run()
        assert state(made) == before
        assert [event[6] for event in made.rows("break_event")[len(events) :]] == []
        assert [row[9] for row in made.rows("sign_off")] == [None]
        assert not again.unsigned
        assert made.rows("masking")[0][1] == RULES
        for table in ("charge", "order", "rejected_row", "charge_name", "kept_aside"):
            assert not [row for row in made.rows(table) if any(word in repr(row) for word in CLEAR)]


def in_clear(path: Path) -> list[str]:
    content = path.read_bytes()
    return [word for word in CLEAR if word.encode() in content]


def masks(scrub: Scrub) -> masking.Masks:
    return masking.Masks(
        RULES,
        object_of=lambda kind, raw: decode_object(kind, raw, scrub),
        texts_of=lambda description, metadata: (description, metadata),
        order={"order_id": str, "reference": str},
        bank_line={},
        reason=str,
    )


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = open_store(fresh_url(request.param, tmp_path))
    archive.keep_in(store, tmp_path / "archive")
    yield store
    store.dispose()


def fill(store: Store) -> Scrub:
    """Three versions of a charge by rules that masked nothing; the scrub that came after."""
    for hour in range(3):
        body = json.dumps(charge(description=f"{TEXT} {hour}", metadata={**PLANTED, "order_id": "7"})).encode()
        found = read_objects("charge", [body], _Clear(HASH_KEY))[0]
        assert save_objects(store, "th", "charge", found, NOON + hour * HOUR).unchanged == 0
    return Scrub(HashKey((b"k" * 32,)))


def test_what_is_stored_has_the_digest_that_it_has_when_it_comes_again(store: Store) -> None:
    scrub = fill(store)
    assert masking.mask_stored(store, masks(scrub), Act("me", NOON + 9 * HOUR, None)) == 3
    assert masking.is_masked(store, RULES)
    assert not masking.is_masked(store, RULES + 1)
    assert masking.mask_stored(store, masks(scrub), Act("me", NOON + 9 * HOUR, None)) == 0
    body = json.dumps(charge(description=f"{TEXT} 2", metadata={**PLANTED, "order_id": "7"})).encode()
    rows_now = read_objects("charge", [body], scrub)[0]
    assert save_objects(store, "th", "charge", rows_now, NOON + 10 * HOUR).unchanged == 1
    kept = [raw for _, raw in raw_objects(store, "charge", "th", "chrg_1")]
    assert len(kept) == 3
    assert not [word for word in CLEAR if word in b"".join(kept).decode()]
    assert audit.prove(store, ()) == []


def test_the_archives_files_are_written_anew_and_prove_themselves(store: Store, tmp_path: Path) -> None:
    scrub = fill(store)
    act = Act("me", NOON + 900 * HOUR, None)
    move(store, Cut({}, NOON + 800 * HOUR), act)
    older = {path.name for path in (tmp_path / "archive").iterdir()}
    assert len(older) == 2
    masking.mask_stored(store, masks(scrub), act)
    with reading(store) as connection:
        recorded = set(connection.execute(select(ARCHIVE_FILE.c.name)).scalars())
        [description] = connection.execute(select(OBJECTS["charge"].c.description)).scalars()
    assert {path.name for path in (tmp_path / "archive").iterdir()} == recorded
    assert recorded.isdisjoint(older)
    assert "anary" not in description
    kept = [raw for _, raw in raw_objects(store, "charge", "th", "chrg_1")]
    assert len(kept) == 3
    assert not [word for word in CLEAR if word in b"".join(kept).decode()]
    assert audit.prove(store, ()) == []
    body = json.dumps(charge(description=f"{TEXT} 2", metadata={**PLANTED, "order_id": "7"})).encode()
    rows_now = read_objects("charge", [body], scrub)[0]
    assert save_objects(store, "th", "charge", rows_now, NOON + 901 * HOUR).unchanged == 1


def test_a_store_is_masked_when_it_is_opened_and_only_once(tmp_path: Path) -> None:
    url = fresh_url("sqlite", tmp_path)
    store = open_store(url)
    fill(store)
    text = SMALL.replace("sqlite:///recon.db", url)
    environ = {"TH_KEY": "skey_test_1", "JP_KEY": "skey_test_2"}
    config = configuration.load(configured(tmp_path, text=text), environ)
    assert mask_what_is_stored(config, store, NOON + 9 * HOUR) == 3
    assert mask_what_is_stored(config, store, NOON + 9 * HOUR) == 0
    store.dispose()
    assert in_clear(tmp_path / url.rpartition("/")[2]) == []


def test_several_processes_that_open_a_store_at_once_mask_it_once(store: Store, tmp_path: Path) -> None:
    fill(store)
    config = configuration.load(configured(tmp_path, text=ONE_ACCOUNT), {"TH_KEY": "skey_test_1"})
    with ThreadPoolExecutor(4) as pool:
        masked = list(pool.map(lambda _: mask_what_is_stored(config, store, NOON + 9 * HOUR), range(4)))
    assert sorted(masked) == [0, 0, 0, 3]


CARD, MAIL = "4242424242424242", "canary.mali@example.com"
HASHED = "[privacy]\nhash_key = { file = 'keys/hash' }\n"


def rename_orders(made: Job) -> list[str]:
    """Two orders with a charge get a card and an address as ids, as their charges name them; those charges' ids."""
    ids = {charge.metadata.get("order_id"): charge for charge in made.world.books["th"].charges}
    path = made.orders("th")
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    paid = [line for line in lines if ",paid," in line and line.split(",")[0] in ids]
    named = [line for line in paid if ids[line.split(",")[0]].paid_at]
    renamed = {line.split(",")[0]: new for line, new in zip(named[:2], (CARD, MAIL), strict=True)}
    for old, new in renamed.items():
        ids[old].metadata["order_id"] = new
        ids[old].description = None
    lines = [",".join((renamed.get(line.split(",")[0], line.split(",")[0]), *line.split(",")[1:])) for line in lines]
    lines = [line.replace(",paid,", ",pending,") if line.startswith(CARD) else line for line in lines]  # a break
    lines.append(lines[0].replace(lines[0].split(",")[0], "5105105105105100", 1))  # of which there is no charge
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return [ids[old].id for old in renamed]


@pytest.mark.parametrize(
    "key",
    [pytest.param("", id="no key", marks=pytest.mark.proof), pytest.param(HASHED, id="key")],
)
async def test_ids_that_are_cards_or_addresses(tmp_path: Path, older_rules: pytest.MonkeyPatch, key: str) -> None:
    older_rules.setattr(rows, "hidden_id", lambda id, _key: id)
    async with job(tmp_path, accounts=("th",), plant=False) as made:
        charge_ids = rename_orders(made)
        (tmp_path / "keys" / "hash").write_text("k" * 32, encoding="utf-8")
        with made.config.open("a", encoding="utf-8") as file:
            file.write(key)
        await made.run()
        older = [{**known, "order_id": "", "explanation": "", "last_seen": ""} for known in made.breaks()]
        breaks = {known["id"]: known for known in made.breaks()}
        assert any(known["order_id"] in (CARD, MAIL) for known in breaks.values())
        links = linked(made, charge_ids)
        assert [order_id for order_id, _ in links] == [CARD, MAIL]
        older_rules.undo()
        outcome = await made.run()
        assert outcome.results
        hidden = linked(made, charge_ids)
        assert [charge_id for _, charge_id in hidden] == charge_ids
        assert not {CARD, MAIL} & {order_id for order_id, _ in hidden}
        content = (tmp_path / "recon.db").read_bytes()
        assert [id for id in (CARD, MAIL) if id.encode() in content] == []
        now = [{**known, "order_id": "", "explanation": "", "last_seen": ""} for known in made.breaks()]
        if key:
            assert sorted(known["first_seen"] for known in now) == sorted(known["first_seen"] for known in older)
            assert [known["status"] for known in now] == [known["status"] for known in older]
            assert [order_id for order_id, _ in hidden] == [hidden_id(id, HASH_KEY) for id in (CARD, MAIL)]
        else:
            set_aside = [row for row in made.rows("rejected_row") if "set [privacy] hash_key" in repr(row)]
            assert len(set_aside) == 3
        await made.run(pull=False, as_of=None)
        assert linked(made, charge_ids) == hidden


def linked(made: Job, charge_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Order and charge of the links of some charges, in their order."""
    by_charge = {row[3]: row[1] for row in made.rows("match")}
    return [(by_charge[charge_id], charge_id) for charge_id in charge_ids]


def test_orders_bank_lines_and_what_is_kept_aside_are_masked_on_both_databases(store: Store, tmp_path: Path) -> None:
    """And come again unchanged: their digests are those of rows that were masked when they were read."""
    phone = "081-234-5678"
    order = {"order_id": CARD, "payment_method": f"Canary {phone}", "charge_id": phone, "reference": f"{MAIL} + R-7"}
    save_orders(store, orders(order, {"order_id": "A-1"}), rejected({"reason": 'amount "Canary" is not one'}), NOON)
    line = {"description": f"OMISE Canary {phone}", "reference": phone}
    save_bank_lines(store, "scb", lines(line), rejected(), NOON)
    traces = Traces((NOON, NOON), description=TEXT, metadata=json.dumps(PLANTED))
    kept_aside.keep_aside(store, "th", [Malformed("charge", "chrg_1", "odd", "k", traces)], Window(NOON, NOON), NOON)
    text = ONE_ACCOUNT + "\n[privacy]\nhash_key = { env = 'HASH' }\n"
    config = configuration.load(configured(tmp_path, text=text), {"TH_KEY": "skey_test_1", "HASH": "k" * 32})
    assert mask_what_is_stored(config, store, NOON + HOUR) > 0
    cells = [*cells_of(store)]
    in_clear_at = [place for place, content in cells if any(word.encode() in content for word in CLEAR)]
    assert in_clear_at == ["store: bank_line.description"], "a payout's text names whom it names"
    everything = b"".join(content for _, content in cells)
    assert not [word for word in (CARD, MAIL, phone) if word.encode() in everything]
    masked_order = {
        "order_id": hidden_id(CARD, HASH_KEY),
        "payment_method": "[masked] [phone]",
        "charge_id": "[masked]",
        "reference": f"{hidden_id(MAIL, HASH_KEY)} + R-7",
    }
    again = save_orders(store, orders(masked_order, {"order_id": "A-1"}), rejected(), NOON + 2 * HOUR)
    assert (again.new, again.changed) == (0, 0)
    masked_line = {"description": "OMISE Canary [phone]", "reference": "[phone]"}
    assert save_bank_lines(store, "scb", lines(masked_line), rejected(), NOON + 2 * HOUR).new == 0
