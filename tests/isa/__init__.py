"""Tests of the specification: encodings, meanings, CSRs, traps, translation."""
