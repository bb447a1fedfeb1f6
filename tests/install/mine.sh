# Read by deb.sh, pip.sh and pipx.sh, as root of a bare file system: a farm on loopback, what is
# expected of it, and the seconds that each step took. LOWER and HIGHER are the two versions;
# MINERS, POOL and API are ports.
set -eu

cat >/try/farm.toml <<END
[[listen]]
address = "127.0.0.1:$MINERS"
[[pool]]
url = "stratum+tcp://127.0.0.1:$POOL"
user = "farm"
[difficulty]
start = 1e-6
min = 1e-6
[api]
listen = "127.0.0.1:$API"
[ledger]
path = "/var/lib/stratumproxy/ledger.sqlite3"
END

now() { date +%s.%N; }

step() { # WORDS -- COMMAND: runs it, and says how long it took and what it left on the disk
    words= && while [ "$1" != -- ]; do words="$words $1" && shift; done && shift
    began=$(now) kilobytes=$(du -skx / | cut -f1)
    if ! "$@" >/try/log 2>&1; then
        cat /try/log
        fail "$words"
    fi
    began="$began $(now) $kilobytes $(du -skx / | cut -f1)"
    echo "$began" | awk -v words="$words" '{printf " %6.1f s %+7.1f MB %s\n", $2-$1, ($4-$3)/1024, words}'
}

fail() {
    echo "FAILED: $*"
    tail -n 5 /try/*.log /try/*.jsonl 2>/dev/null || true
    exit 1
}

expect() { # WORDS -- COMMAND
    words= && while [ "$1" != -- ]; do words="$words $1" && shift; done && shift
    "$@" >/dev/null 2>&1 || fail "$words: $*"
    echo "                       $words"
}

soon() { # COMMAND: true within 120 s, asked five times a second
    tries=600
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.2
    done
}

accepted() { grep -c '"event":"share".*"rejected":null' /try/pool.jsonl || true; }
beyond() { [ "$(accepted)" -gt "$1" ]; }
another_share() { soon beyond "$(accepted)"; }

# The simulated pool and miners are of the version that is tried; all that it brings is tried so.
farm() { # PROGRAM
    "$1" simulate pool --listen "127.0.0.1:$POOL" --set difficulty=1e-6 >/try/pool.jsonl 2>/try/pool.log &
    pool=$!
    soon grep -q listening /try/pool.jsonl || fail "no pool"
    "$1" simulate miners "127.0.0.1:$MINERS" --count 2 --hashrate 2000 --quiet \
        >/try/miners.jsonl 2>/try/miners.log &
    miners=$!
}

over() { kill "$pool" "$miners" && wait "$pool" "$miners" || true; }

# proxy USER PROGRAM CONFIGURATION: as the unit starts it, but for what systemd adds.
proxy() {
    setpriv --reuid="$1" --regid="$1" --clear-groups --no-new-privs \
        "$2" run --config "$3" --log-format json --require-native >/try/proxy.out 2>/try/proxy.log &
    proxy=$!
}

stop() { kill "$proxy" && wait "$proxy" || fail "it stopped with $?"; }
alive() { kill -0 "$proxy"; }

mining_process() { pgrep -P "$proxy" -f ' serve '; }
says() { grep -q "\"version\": \"$1\"" /try/proxy.log; }
