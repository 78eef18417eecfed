"""Benchmarks are run by hand; tests/test_benchmarks.py tries them at a tiny size."""

collect_ignore_glob = ["*.py"]
