"""Strategies, backtests and performance measures."""
