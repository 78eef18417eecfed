"""A workbook as a file: its package, sheets and formulas, and what recomputes them."""
