# Read by pip.sh and pipx.sh: $program is there, of the lower version.
expect --version says "$LOWER" -- sh -c "$program --version | grep -q ' $LOWER\$'"
expect shares are checked in C -- $python -c 'from stratumproxy import shares; shares.require_native()'
useradd --system stratumproxy
install -d -o stratumproxy /var/lib/stratumproxy
began=$(now)
farm $program
proxy stratumproxy $program /try/farm.toml
expect a share is mined -- another_share
echo "$began $(now)" | awk '{printf " %6.1f s              from the start of all to that share\n", $2-$1}'
