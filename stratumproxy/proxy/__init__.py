"""What connects miners and pools, without I/O: sessions, lanes, failover, fan-out order."""
