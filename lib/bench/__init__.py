"""Benchmarks: our way beside its rivals, in one run. `make bench`. Never a test: figures are of a machine and an hour."""
