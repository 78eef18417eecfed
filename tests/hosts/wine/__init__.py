"""Tests on a real Windows Python, which Wine runs."""
