#!/usr/bin/env bash
# The container, from nothing to a mined share, an upgrade and a removal: Podman builds what
# Containerfile says and runs it as docs/container.md says, with a read-only root.
#
#   tests/install/container.sh [FOLDER]
#
# Needs root; on Debian: apt install podman runc debootstrap. Where the base image can't be pulled it
# is made by debootstrap, which has a little more in it than Debian's own. All of it is in FOLDER, by
# default a new one that is removed at the end; a FOLDER that is given keeps the base image for the
# next run. EXTRA_CA (or PIP_CERT) names a file with the certificate authority to trust
# while building, where the network looks into TLS.
set -euo pipefail
cd "$(dirname "$0")/../.."

RELEASE=trixie
BASE=docker.io/library/debian:$RELEASE-slim
CONFIGURATION=/etc/stratumproxy/stratumproxy.toml

if [ $# -gt 0 ]; then
  mkdir -p "$1" && work=$(realpath "$1") keep=yes
else
  work=$(mktemp -d) keep=
fi
descriptors=$(ulimit -Hn)
trusted=${EXTRA_CA:-${PIP_CERT:-}}

# A store of images and containers of our own; health checks are asked for here, not by systemd.
export DISABLE_HC_SYSTEMD=true
store=(--root "$work/images" --runroot "$work/run" --runtime runc --storage-driver overlay
  --cgroup-manager cgroupfs)
quietly() { "$@" 2> >(grep -v 'validating CNI config' >&2); }
podman() { quietly command podman "${store[@]}" "$@"; }

step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
fail() { printf 'container.sh: %s\n' "$*" >&2 && exit 1; }
size() { podman image inspect --format '{{.Size}}' "$1" | awk '{ printf "%.0f MB", $1 / 1e6 }'; }

# shellcheck disable=SC2317  # the trap calls it
finish() {
  podman rm --force --all --time 5 >/dev/null 2>&1 || true
  [ -n "$keep" ] || rm -rf "$work"
}
trap finish EXIT

# run NAME IMAGE-AND-ARGUMENTS: in the background, and as narrow as Docker can make it. Podman would
# put writable folders over a read-only root, which Docker does not.
limits=(--ulimit "nofile=$descriptors:$descriptors" --ulimit nproc=1024:1024)
narrow=(--read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges
  --network host "${limits[@]}")
run() { podman run --detach --name "$1" "${narrow[@]}" "${@:2}" >/dev/null; }

# until_true WHAT COMMAND…: for a minute at most.
until_true() {
  local what=$1 end=$((SECONDS + 60))
  until "${@:2}" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || fail "not within a minute: $what"
    sleep 0.2
  done
}

# said NAME TEXT: whether it is in a container's log.
said() { podman logs "$1" 2>&1 | grep --fixed-strings --quiet -- "$2"; }

step "the base image, $BASE"
if ! podman image exists "$BASE"; then
  if timeout 60 podman pull --quiet "$BASE" >/dev/null 2>&1; then
    echo "pulled"
  else
    echo "can't be pulled: made by debootstrap"
    debootstrap --variant=minbase "$RELEASE" "$work/base" >"$work/debootstrap.log"
    # As in Debian's own image: apt keeps nothing of what it fetched.
    printf '%s\n' 'Dir::Cache::pkgcache "";' 'Dir::Cache::srcpkgcache "";' \
      'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };' \
      >"$work/base/etc/apt/apt.conf.d/keep-nothing"
    rm -rf "$work"/base/var/{lib/apt/lists,cache/apt}/* "$work"/base/usr/share/{doc,man,locale}/*
    tar --create --directory "$work/base" . | podman import --quiet - "$BASE" >/dev/null
    rm -rf "$work/base"
  fi
fi
echo "base: $(size "$BASE")"

# build TAG FOLDER
build() {
  local trust=()
  if [ -n "$trusted" ]; then
    printf '[global]\ncert = /run/extra-ca.crt\n' >"$work/pip.conf"
    trust=(--volume "$work/pip.conf:/etc/pip.conf:ro" --volume "$trusted:/run/extra-ca.crt:ro")
  fi
  podman build --pull=never --format docker --network host "${limits[@]}" "${trust[@]}" \
    --tag "$1" --file Containerfile "$2" >"$work/build.log" 2>&1 ||
    { tail -n 30 "$work/build.log" && fail "the build failed: $work/build.log"; }
}

step "an older build, and this one"
mkdir -p "$work/older"
tar --create --exclude-vcs --exclude='*.so' --exclude=__pycache__ Containerfile .dockerignore \
  LICENSE MANIFEST.in README.md configs pyproject.toml requirements.txt setup.py stratumproxy |
  tar --extract --directory "$work/older"
sed -i 's/^version = .*/version = "0.0.1"/' "$work/older/pyproject.toml"
build stratumproxy:older "$work/older"
echo "older: $(size stratumproxy:older) ($SECONDS s)"
build stratumproxy:new .
echo "new: $(size stratumproxy:new) ($SECONDS s)"
for tag in older new; do
  podman run --rm "${narrow[@]}" "stratumproxy:$tag" --version
done

step "the demo"
podman run --rm "${narrow[@]}" stratumproxy:new demo --plain --miners 2 --seconds 3 | tail -n 2

step "nothing in it that builds"
podman run --rm "${narrow[@]}" --entrypoint sh stratumproxy:new -euc '
  for tool in cc gcc cpp ld make pip pip3 curl git; do
    ! command -v "$tool" || exit 1
  done
  ! python3 -c "import pip" 2>/dev/null
  ! python3 -c "import ensurepip._bundled" 2>/dev/null
  ! dpkg-query --show --showformat="\${db:Status-Abbrev}\${Package}\n" |
    grep -E "^ii +(gcc|g\+\+|cpp|make|binutils|.*-dev$|.*-pip)" | grep -v "gcc-[0-9]*-base"
  python3 -c "from stratumproxy import shares; print(shares.kernel())"
  du -sm /opt/stratumproxy
'

# What the volume and the mounts of a host are.
config=$work/etc
mkdir -p "$config"
podman volume create stratumproxy >/dev/null 2>&1 || true
read -r pool_port miner_port api_port < <(python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(each.getsockname()[1] for each in sockets))
')
for each in token prometheus_token; do head -c 24 /dev/urandom | base64 >"$work/$each"; done
cat >"$config/stratumproxy.toml" <<EOF
[[listen]]
address = "127.0.0.1:$miner_port"

[[pool]]
name = "simulated"
url = "stratum+tcp://127.0.0.1:$pool_port"
user = "farm"

[difficulty]
start = 1e-6
min = 1e-9

[limits]
connections = 100

[api]
listen = "0.0.0.0:$api_port"
token_file = "/run/secrets/token"

[[api.token]]
name = "prometheus"
file = "/run/secrets/prometheus_token"

[ledger]
path = "/var/lib/stratumproxy/ledger.sqlite3"
EOF
chmod 644 "$work/token" "$work/prometheus_token" "$config/stratumproxy.toml"
mounts=(--volume "$config:/etc/stratumproxy:ro" --volume stratumproxy:/var/lib/stratumproxy
  --volume "$work/token:/run/secrets/token:ro"
  --volume "$work/prometheus_token:/run/secrets/prometheus_token:ro")

step "a simulated pool"
run pool stratumproxy:new simulate pool --listen "127.0.0.1:$pool_port" --set difficulty=1e-7
until_true "the pool listens" said pool listening

# mine SHARES: miners in a container of their own; they end when these were accepted.
mine() {
  podman run --rm "${narrow[@]}" stratumproxy:new simulate miners "127.0.0.1:$miner_port" \
    --count 2 --shares "$1" --quiet
}

# told: shares that the pool credited, as the ledger has them.
told() {
  podman run --rm "${narrow[@]}" --volume stratumproxy:/var/lib/stratumproxy stratumproxy:new \
    audit --ledger /var/lib/stratumproxy/ledger.sqlite3 --pool simulated --since 1h --json |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["total"]["credited"])'
}

# stop_proxy: as `docker stop` does, and it has to be in order.
stop_proxy() {
  local began=$SECONDS code
  podman stop --time 60 proxy >/dev/null
  code=$(podman inspect --format '{{.State.ExitCode}}' proxy)
  podman logs proxy 2>&1 | tail -n 1
  [ "$code" = 0 ] || fail "SIGTERM ended it with $code"
  echo "SIGTERM: exit status 0 after $((SECONDS - began)) s"
  podman rm proxy >/dev/null
}

step "the older one: check, run, mine"
podman run --rm "${narrow[@]}" "${mounts[@]}" stratumproxy:older check --config $CONFIGURATION |
  sed -n 1,4p
run proxy "${mounts[@]}" stratumproxy:older
until_true "it is healthy" podman healthcheck run proxy
until_true "it is ready" podman exec proxy stratumproxy health --ready --config $CONFIGURATION
mine 5
stop_proxy
before=$(told)
echo "the ledger has $before credited shares"

step "this one on the same volume: the upgrade"
run proxy "${mounts[@]}" stratumproxy:new
until_true "it is healthy" podman healthcheck run proxy
until_true "it is ready" podman exec proxy stratumproxy health --ready --config $CONFIGURATION
podman exec proxy sh -c 'grep -E "^(Uid|CapEff|CapBnd|NoNewPrivs)" /proc/1/status; ls -l'
! podman exec proxy touch /etc/probe 2>/dev/null || fail "its root can be written"
mine 5

step "reload by SIGHUP"
sed -i 's/^start = .*/start = 2e-6/' "$config/stratumproxy.toml"
podman kill --signal HUP proxy >/dev/null
until_true "the configuration is read again" said proxy 'read again'
podman logs proxy 2>&1 | grep 'read again'

step "metrics, by the token that only reads"
python3 - "http://127.0.0.1:$api_port/metrics" "$work/prometheus_token" <<'EOF'
import sys
import urllib.error
import urllib.request

url, token = sys.argv[1], open(sys.argv[2]).read().strip()
asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
text = urllib.request.urlopen(asked, timeout=10).read().decode()
print(*(line for line in text.splitlines() if line.startswith("stratumproxy_shares_accepted")))
EOF

step "without a pool it is not ready, but healthy: starting again would mend nothing"
podman rm --force --time 5 pool >/dev/null
unready() { ! podman exec proxy stratumproxy health --ready --config $CONFIGURATION; }
until_true "it is not ready" unready
podman exec proxy stratumproxy health --ready --config $CONFIGURATION || true
podman healthcheck run proxy

step "a copy of the ledger while it runs"
podman exec proxy python3 -c \
  'import sqlite3; sqlite3.connect("ledger.sqlite3").execute("vacuum into \"backup.sqlite3\"")'
podman cp proxy:/var/lib/stratumproxy/backup.sqlite3 "$work/backup.sqlite3"
ls -s "$work/backup.sqlite3"

step "stop, and what is left"
stop_proxy
after=$(told)
echo "the ledger has $after credited shares"
if [ "$before" -lt 5 ] || [ "$after" -lt $((before + 5)) ]; then fail "shares are missing"; fi

step "removal"
podman volume rm stratumproxy >/dev/null
podman image rm stratumproxy:older stratumproxy:new >/dev/null
! podman image exists stratumproxy:new || fail "the image is still there"
step "all is well"
