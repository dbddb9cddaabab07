"""Calls from guests to what is below them: the SBI, and later Xen's."""
