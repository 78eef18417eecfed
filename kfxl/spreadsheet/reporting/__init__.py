"""The parts of a backtest report: its model, its sheets, and its rendering as a workbook."""
