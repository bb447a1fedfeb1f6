"""What the proxy costs, measured against the floor: see README.md in this folder."""
