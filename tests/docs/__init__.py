"""The documentation as tests: its examples are run, its links followed."""
