"""Comparison in lock step: engines with each other, and with other people's simulators.

It may use everything below it; nothing but the command may use it.
"""
