"""Orders from CSV files."""

from recon.orders.files import file_kind
from recon.orders.rows import needed_fields
from recon.tabular.keys import TEXT_KEYS
from recon.tabular.text_tables import text_table

KIND = file_kind("csv", lambda file, source: text_table(file, source.layout, needed_fields(source)), TEXT_KEYS)
