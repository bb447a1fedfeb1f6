# The Debian package.
. /try/mine.sh
root=/usr/lib/stratumproxy
configuration=/etc/stratumproxy/stratumproxy.toml

runs_from() { tr '\0' '\n' <"/proc/$1/cmdline" | grep -q "^$root/$2-[0-9a-f]*/bin/python"; }
another_process() {
    found=$(mining_process) && [ -n "$found" ] && [ "$found" != "$1" ]
}
told_of() { grep -q "$1 goes on in process .*$proxy" /try/log; }
folders() { find $root -mindepth 1 -maxdepth 1 -type d ! -name packaged -printf '%f\n' | sort; }
only() { [ "$(folders | sed 's/-[0-9a-f]*$//' | tr '\n' ' ')" = "$1 " ]; }
verified() { ! dpkg --verify stratumproxy | grep -v ' c /etc/'; } # the configuration is the operator's

step apt-get update -- apt-get update
step apt-get install ./before.deb -- apt-get install -y --no-install-recommends /try/before.deb
apt-get install -y --no-install-recommends procps man-db >/dev/null 2>&1 # only to look
expect it says what to do next -- grep -q "name your pool in $configuration" /try/log
expect the configuration is for its user alone -- \
    test "$(stat -c '%a %U:%G' $configuration)" = "640 root:stratumproxy"
expect and good -- stratumproxy check --config $configuration
expect a manual page -- test -e /usr/share/man/man1/stratumproxy.1.gz
cp /try/farm.toml $configuration # the file's owner and mode stay
expect --version says "$LOWER" -- sh -c "stratumproxy --version | grep -q ' $LOWER\$'"

began=$(now)
farm /usr/bin/stratumproxy
proxy stratumproxy /usr/bin/stratumproxy $configuration
expect a share is mined -- another_share
echo "$began $(now)" | awk '{printf " %6.1f s              from the start of all to that share\n", $2-$1}'
expect "$LOWER" runs from its folder -- runs_from "$proxy" "$LOWER"
expect the ledger is there, for its user alone -- \
    test "$(stat -c '%a %U' /var/lib/stratumproxy/ledger.sqlite3)" = "600 stratumproxy"

step apt-get install ./after.deb, while it runs -- apt-get install -y /try/after.deb
expect the upgrade says who goes on -- told_of "$LOWER"
expect --version says "$HIGHER" -- sh -c "stratumproxy --version | grep -q ' $HIGHER\$'"
expect the configuration is the operator\'s -- cmp /try/farm.toml $configuration
expect nobody was restarted -- alive
expect shares are mined on -- another_share
old=$(mining_process)
kill -9 "$old"
expect a mining process that is killed is followed by another -- soon another_process "$old"
expect which is "$LOWER", too -- runs_from "$(mining_process)" "$LOWER"
expect and shares are mined on -- another_share
stop
proxy stratumproxy /usr/bin/stratumproxy $configuration
expect started again, "$HIGHER" mines -- another_share
expect from its own folder -- runs_from "$proxy" "$HIGHER"
stop
over
expect "$LOWER" is kept until the next upgrade -- only "$LOWER $HIGHER"
expect dpkg finds every file as it was -- verified
step apt-get install --reinstall ./after.deb -- apt-get install -y --reinstall /try/after.deb
expect "$LOWER" is gone -- only "$HIGHER"

farm /usr/bin/stratumproxy
proxy stratumproxy /usr/bin/stratumproxy $configuration
expect a share is mined -- another_share
step apt-get remove, while it runs without systemd -- apt-get remove -y stratumproxy
expect it says that it still runs -- grep -q "process .*$proxy.* still runs from $root/$HIGHER" /try/log
expect shares are mined on -- another_share
stop
over
expect no command is left -- test ! -e /usr/bin/stratumproxy
expect configuration and ledger are -- test -e $configuration -a -e /var/lib/stratumproxy/ledger.sqlite3
step apt-get install ./after.deb again -- apt-get install -y /try/after.deb
expect the configuration is the operator\'s -- cmp /try/farm.toml $configuration
step apt-get remove -- apt-get remove -y stratumproxy
expect no folder is left -- test ! -e $root
step apt-get purge -- apt-get purge -y stratumproxy
expect nothing is left but the user -- \
    test ! -e /etc/stratumproxy -a ! -e /var/lib/stratumproxy -a ! -e $root
expect who is there -- getent passwd stratumproxy
