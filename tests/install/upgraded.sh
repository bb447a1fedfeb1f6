# Read by pip.sh and pipx.sh, right after the upgrade: here one folder is written over, so what runs
# has to be started again soon. Until then it mines on with what it has in memory.
expect nobody was restarted -- alive
expect shares are mined on -- another_share
stop
proxy stratumproxy $program /try/farm.toml
expect started again, "$HIGHER" mines -- another_share
expect and says so -- says "$HIGHER"
stop
over
printf '[kafka]\nbrokers = "127.0.0.1:9092"\nspool = "/var/lib/stratumproxy/spool"\n' >>/try/farm.toml
advice=$($program check --config /try/farm.toml 2>&1 | sed -n 's/.*where stratumproxy is: //p')
expect what check advises for Kafka names a command -- test -n "$advice"
step "$advice" -- $advice
expect and check is content -- $program check --config /try/farm.toml
