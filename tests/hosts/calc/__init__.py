"""Tests in a real LibreOffice Calc."""
