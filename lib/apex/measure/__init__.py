"""Measures: questions answered by counting. Ibis in, small tidy pandas frames out; no statistics, no charts."""
