"""Tests of the linker, most of them against GNU ld: the same inputs, the same executable."""
