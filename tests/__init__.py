"""The test suite; its folders mirror the sources.

One body runs on all engines through the `engine` fixture of `conftest.py`.
"""
