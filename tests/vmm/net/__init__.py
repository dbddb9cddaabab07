"""Tests of `vmm.net`."""
