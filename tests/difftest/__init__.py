"""Tests of the lock-step comparison, and what it finds between engines and outsiders."""
