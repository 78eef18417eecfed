"""Kalman filters, risk budgets and honest backtests for portfolios kept in spreadsheets."""

__version__ = "0.1.0"
