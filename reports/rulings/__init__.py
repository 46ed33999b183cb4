"""The Excel desk: open breaks out to a workbook, filled-in rulings back."""
