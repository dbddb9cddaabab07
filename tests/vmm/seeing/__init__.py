"""Tests of the onlookers of a run."""
