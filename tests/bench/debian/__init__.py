"""Debian's kernel with a BusyBox user space."""
