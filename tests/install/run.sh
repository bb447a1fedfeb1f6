#!/bin/bash
# Each way to install, on a bare Debian: up to a share that a simulated pool took, an upgrade while it
# runs, and removal. `make install-test` runs this; it needs root, debootstrap, and what pip and apt
# are told to use on this machine. Where there is lintian, it looks at the packages first.
#
#   tests/install/run.sh [RELEASE:WAY …]      such as bookworm:deb trixie:pipx; otherwise all
#
# In dist/ are the wheel and the packages, as `make deb` leaves them. Bare file systems are kept in
# build/roots (ROOTS=), each way gets a copy, and namespaces of its own, which end with it. systemd
# does not run there; what it would do is done by hand, and the units are left to systemd-analyze.
set -euo pipefail
cd "$(dirname "$0")/../.."
roots=${ROOTS:-build/roots}
python=$PWD/.venv/bin/python
wheel=$(echo "$PWD"/dist/stratumproxy-*.whl)
lower=0.0.1

all="bookworm:deb bookworm:pip bookworm:pipx trixie:deb trixie:pip trixie:pipx"
mkdir -p "$roots" build/lower
before=$("$python" -m tests.install.renumber "$wheel" "$lower" build/lower)

free_ports() { # three that nobody has now; the namespaces share this machine's network
  "$python" -c '
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(each.getsockname()[1] for each in held))'
}

bare() { # RELEASE
  local release=$1 began=$SECONDS
  [ ! -e "$roots/$release.made" ] || return 0
  rm -rf --one-file-system "${roots:?}/$release"
  debootstrap --variant=minbase "$release" "$roots/$release" http://deb.debian.org/debian \
    >"$roots/$release.log"
  # No service starts in here; and pip trusts whom this machine trusts.
  printf '#!/bin/sh\nexit 101\n' >"$roots/$release/usr/sbin/policy-rc.d"
  chmod 755 "$roots/$release/usr/sbin/policy-rc.d"
  mkdir -p "$roots/$release/etc/ssl"
  cp -L /etc/ssl/certs/ca-certificates.crt "$roots/$release/etc/ssl/machine.crt"
  cp -L /etc/resolv.conf /etc/hosts "$roots/$release/etc/"
  touch "$roots/$release.made"
  echo "$release: bare file system of $(du -sm "$roots/$release" | cut -f1) MB in $((SECONDS - began)) s"
}

try() { # RELEASE WAY
  local release=$1 way=$2 root ports
  read -r -a ports < <(free_ports)
  bare "$release"
  root=$(mktemp -d "$roots/$release-$way.XXXX")
  cp -a --reflink=auto "$roots/$release/." "$root"
  chmod 755 "$root" # as / is
  mkdir "$root/try"
  cp tests/install/*.sh configs/minimal.toml "$root/try"
  if [ "$way" = deb ]; then
    "$python" deb/build.py --wheel "$before" --into build/lower "$release" >/dev/null
    cp build/lower/*"~deb$(cut -d. -f1 "$root/etc/debian_version")"_*.deb "$root/try/before.deb"
    cp dist/*"~deb$(cut -d. -f1 "$root/etc/debian_version")"_*.deb "$root/try/after.deb"
  else
    mkdir "$root/try/before" "$root/try/after"
    cp "$before" "$root/try/before"
    cp "$wheel" "$root/try/after"
  fi
  echo "== $release, $way"
  unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" \
    chroot "$root" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PIP_CERT=/etc/ssl/machine.crt PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    MINERS="${ports[0]}" POOL="${ports[1]}" API="${ports[2]}" LOWER="$lower" HIGHER="$(basename "$wheel" | cut -d- -f2)" \
    /bin/sh "/try/$way.sh" </dev/null
  rm -rf --one-file-system "$root"
}

if command -v lintian >/dev/null; then
  lintian --allow-root --fail-on error,warning dist/*.deb
  echo "== lintian has nothing to say of $(echo dist/*.deb | wc -w) packages"
fi

[ $# -gt 0 ] || set -- $all
for each in "$@"; do
  try "${each%:*}" "${each#*:}"
done
echo "== all is well"
