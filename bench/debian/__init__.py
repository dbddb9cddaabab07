"""Debian's riscv64 kernel with a BusyBox user space: fetched by apt, booted, and looked at."""
