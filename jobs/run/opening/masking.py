"""Brings what is stored to today's rules of masking: once for each set of them, when the store is opened."""

from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from secrets import token_hex

from jobs.config.config import Config
from jobs.run.access import scrub_of
from recon import columns as c
from recon.bank.texts import kept
from recon.omise.objects import clean_texts, decode_object
from recon.orders.rows import charge_reference, payment_words, references_kept
from recon.privacy import RULES, hidden_id, mask
from recon.store.desk.people import Act
from recon.store.engine import Store
from recon.store.versions import masking
from recon.tabular.faults import masked_reason

_WHO = "recon: new rules of masking"


def mask_what_is_stored(config: Config, store: Store, now: datetime) -> int:
    """Masks by today's rules what was stored by older ones; how many rows. Nothing where it was done before.

    Raises ArchiveError where a file of the archive is needed and is not as it was written.
    """
    if masking.is_masked(store, RULES):
        return 0
    scrub = replace(scrub_of(config), stored=True)

    @cache
    def order_id(text: str) -> str:
        """One that is a card number or an address is, without a key, nobody's any more."""
        return hidden_id(text, config.hash_key) or f"masked-{token_hex(8)}"

    def reference(text: str) -> str:
        return references_kept(text, config.hash_key)

    def customer(hash: str) -> str:
        return (config.hash_key and config.hash_key.renewed(hash)) or hash

    masks = masking.Masks(
        RULES,
        object_of=partial(decode_object, scrub=scrub),
        texts_of=partial(clean_texts, scrub=scrub),
        order={
            c.ORDER_ID: order_id,
            c.CHARGE_ID: charge_reference,
            c.PAYMENT_METHOD: payment_words,
            c.REFERENCE: reference,
            c.CUSTOMER: customer,
        },
        bank_line={c.DESCRIPTION: kept, c.REFERENCE: mask},
        reason=masked_reason,
    )
    return masking.mask_stored(store, masks, Act(_WHO, now, config.audit_key))
