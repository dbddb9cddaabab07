"""Tests of disk images."""
