"""Virtio devices behind virtio-mmio: rings, transport, and one file for each kind of device."""
