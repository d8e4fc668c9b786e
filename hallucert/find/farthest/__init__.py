"""Farthest points of superlevel sets."""
