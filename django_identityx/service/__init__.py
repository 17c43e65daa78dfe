"""A room; see its files."""

from .gate import PEOPLE, VERIFICATION, Gate, Load, gate

__all__ = ["PEOPLE", "VERIFICATION", "Gate", "Load", "gate"]
