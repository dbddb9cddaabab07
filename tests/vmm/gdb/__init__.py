"""Tests of the gdb server."""
