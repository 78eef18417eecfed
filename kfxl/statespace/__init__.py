"""Linear Gaussian state-space models: filters, smoother and maximum-likelihood calibration."""

from kfxl.statespace.filter import FilteredStates, kalman_filter
from kfxl.statespace.model import StateSpace
from kfxl.statespace.smoother import SmoothedStates, smooth

__all__ = ["FilteredStates", "SmoothedStates", "StateSpace", "kalman_filter", "smooth"]
