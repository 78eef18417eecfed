"""Tests of kfxl.spreadsheet."""
