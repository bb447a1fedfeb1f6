"""Stratum on the wire, a folder for each version: bytes to messages and back."""
