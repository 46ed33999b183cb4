"""The work on breaks and workbooks, wired for the command line and the page: rulings, verification, comparison."""
