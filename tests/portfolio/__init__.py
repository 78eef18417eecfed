"""Tests of kfxl.portfolio."""
