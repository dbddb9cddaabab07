"""The rules of the house that no linter knows, each a test that lists every offender.

What ruff, mypy and import-linter check is not repeated here.
"""
