"""Tests of kfxl.evaluation."""
