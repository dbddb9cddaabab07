"""Tests of the board and the monitor."""
