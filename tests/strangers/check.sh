#!/bin/sh
# A stranger's check of a pool and a miner of theirs, in a shell. Simulated ones stand for them.
set -eu
folder=$(mktemp -d)
trap 'kill "$pool" 2>/dev/null; rm -rf "$folder"' EXIT

stratumproxy simulate pool --set difficulty=1e-8 >"$folder/events" &
pool=$!
until grep -q listening "$folder/events"; do sleep 0.1; done
port=$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' "$folder/events")

# Is the pool understood?
stratumproxy conform pool "127.0.0.1:$port" --case 'SV1-SUBMIT-*' --junit "$folder/pool.xml"

# Does it hold a hundred shares of ten miners?
stratumproxy simulate miners "127.0.0.1:$port" --count 10 --shares 100 --quiet

# And the miner?
stratumproxy conform miner --difficulty 1e-7 --case 'SV1-MINER-ERROR-ARRAY' -- \
  stratumproxy simulate miners '{host}:{port}' --style cgminer --quiet
