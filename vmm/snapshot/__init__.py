"""Saving a whole machine, and going on from there: in this process, or from a file."""
