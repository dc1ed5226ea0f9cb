"""Traces as pages, as text in a terminal and in the formats of other tools."""
