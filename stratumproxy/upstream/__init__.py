"""A pool: its sessions, and what of its work shares are taken for."""
