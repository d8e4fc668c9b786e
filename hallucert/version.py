"""The version, which certificates and checkpoints name."""

__version__ = "0.1.0"
