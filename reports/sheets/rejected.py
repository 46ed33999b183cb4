"""The Rejected rows sheet: rows of input files that could not be read."""

from recon import columns as c
from reports.sheet import Column, Grouping, Kind, Sheet, in_shape

SHEET = Sheet(
    order=110,
    name="Rejected rows",
    columns=(
        Column("Source", c.SOURCE, Kind.TEXT, 16),
        Column("File", c.FILE, Kind.TEXT, 38),
        Column("Row", c.ROW, Kind.COUNT, 10),
        Column("Column", c.COLUMN, Kind.TEXT, 20),
        Column("Why it was kept aside", c.REASON, Kind.WRAPPED, 70),
        Column("Account", c.ACCOUNT, Kind.TEXT, 12),
        Column("Digest of the row", c.DIGEST, Kind.TEXT, 36),
    ),
    rows=lambda report: in_shape(report.result.rejected, c.REJECTED),
    empty="No rejected rows.",
    printed=6,
    grouping=Grouping.EACH,
)
