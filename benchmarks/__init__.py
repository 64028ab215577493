"""Measures the action beside what it competes with, and where its own time goes."""
