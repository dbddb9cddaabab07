"""Onlookers of a run: what was executed, what happened, where time was spent."""
