"""Weights from estimates: risk contributions, risk budgets, mean-variance with costs."""
