"""Jobs, coinbase and header, extranonce slots, vardiff, and why a share is refused."""
