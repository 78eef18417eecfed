"""Worksheet functions and workbooks, without a spreadsheet program."""
