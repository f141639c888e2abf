"""Recordings through the stack: offline, online, many at a time, and the report of how it went."""
