"""Estimates from returns: expected returns, factor betas, tracked risk shares, covariances."""
