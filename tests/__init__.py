"""Tests of kfxl, laid out as the package is."""
