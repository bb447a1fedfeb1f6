"""Records for other programs, by Apache Kafka: first to a spool on disk, from there to brokers."""
