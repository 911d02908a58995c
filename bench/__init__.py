"""Measures the portal at scale against floors of the same run; `make bench`, docs/bench.md."""
