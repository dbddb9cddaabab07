"""Tests of the calls that guests make."""
