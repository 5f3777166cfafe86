"""Measurements: seconds, tables per second and peak memory of each stage. ``make bench``; see docs/performance.md."""
