"""Trio and sockets: the miner port, the pool link, the server."""
