"""The template workbook: one module a sheet, and what writes them in order."""
