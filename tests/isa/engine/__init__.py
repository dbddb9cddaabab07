"""Tests of the engines.

Here are what only engines have: lowering, the cache of compiled code, predecoded code, and the TLB.
"""
