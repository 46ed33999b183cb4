"""The frames of objects of Omise that could not be read, declared once beside `recon.columns`."""

from recon.columns import core as c
from recon.columns.core import Column, Frame
from recon.columns.ledger import KIND

NAME = "name"  # its id, or where it has none a digest of its bytes
CREATED_FROM = "created_from"  # not created before this moment, nor after the next
CREATED_TO = "created_to"
RELEASED_AT = "released_at"  # from when it was read after all, or gone

# What could be read of an object of another shape than Omise's. Kept in versions, keyed by account, kind and name.
_ASIDE = (
    *c.required(c.TEXT, c.ACCOUNT, KIND, NAME),
    Column(c.OBJECT_ID, c.TEXT, required=False),
    Column(c.REASON, c.TEXT),
    *c.required(c.MOMENT, CREATED_FROM, CREATED_TO),
    Column(c.AMOUNT, c.OPTIONAL_MINOR, required=False),
    *c.optional(c.TEXT, c.CURRENCY, c.CHARGE_ID, c.TRANSACTION_ID, c.ORIGIN, c.DESCRIPTION, c.METADATA),
)
ASIDE = Frame("kept_aside", _ASIDE)
# As books have them, those that were released by now included: from then on what they may have been is judged.
KEPT_ASIDE = Frame(
    "kept_aside",
    (
        *(column for column in _ASIDE if column.name != c.METADATA),
        *c.optional(c.TEXT, c.ORDER_REF, c.SOURCE_REFS),
        *c.optional(c.MOMENT, RELEASED_AT),
    ),
)
