"""Sections of the side panel."""
