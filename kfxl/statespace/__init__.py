"""Linear Gaussian state-space models: filters, smoother and maximum-likelihood calibration."""
