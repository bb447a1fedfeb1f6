"""Jobs, coinbase and header, extranonce slots, vardiff, hashrate."""
