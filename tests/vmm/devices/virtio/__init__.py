"""Tests of virtio: rings, transport, devices, and a driver in a guest."""
