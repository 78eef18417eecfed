"""Tests of kfxl.estimation."""
