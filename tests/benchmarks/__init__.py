"""What kfxl costs beside other ways to do the same: ``python3 -m tests.benchmarks``."""
