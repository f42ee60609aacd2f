"""Trials of what a model might gain by; each prints its table, see docs/experiments.md."""
