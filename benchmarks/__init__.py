"""Measures the action and its competitors, and profiles the action's own work."""
