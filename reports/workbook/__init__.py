"""Sheets to a workbook: cells, styles, links, paper, streams, plain files."""
