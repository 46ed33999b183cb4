"""Results on the page: workbooks sheet by sheet, runs with their progress, charts."""
