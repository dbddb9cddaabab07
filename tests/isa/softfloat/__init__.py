"""Tests of the floating-point arithmetic by itself, without instructions."""
