"""Tests of the devices, each alone."""
