"""From meanings to compiled code: what every Numba-compiled part of Trapline is built with.

`subset.py` rewrites functions to Numba's terms, `words.py` has the compiled words, `build.py`
writes generated modules to the cache folder and loads them.
"""
