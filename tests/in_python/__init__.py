"""Tests of the Python API: keywords, data, and fits."""
