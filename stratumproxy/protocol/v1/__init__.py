"""The Stratum V1 wire, sans-IO: framing, messages, version rolling."""
