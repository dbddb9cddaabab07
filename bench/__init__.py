"""One script per published figure; `python -m bench` runs them all.

A script prints what it measured beside what must be reached, and fails when that is missed.
"""
