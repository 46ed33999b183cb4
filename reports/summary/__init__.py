"""The blocks of the Summary, of one account and of all; a block is (report, placed sheets, first row) -> lines."""
