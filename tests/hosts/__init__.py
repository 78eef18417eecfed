"""Tests of what registers kfxl with spreadsheet programs."""
