"""What a workbook is known by, and whether it is still what a run wrote."""
