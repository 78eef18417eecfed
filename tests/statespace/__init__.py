"""Tests of kfxl.statespace."""
