"""The Stratum V1 wire, sans-IO: framing, messages, errors, version rolling, difficulty."""
