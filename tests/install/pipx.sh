# pipx, for all users of the machine, where the unit of configs/ looks for the command.
. /try/mine.sh
python=/opt/pipx/venvs/stratumproxy/bin/python
program=/usr/local/bin/stratumproxy
export PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin

step apt-get update -- apt-get update
step apt-get install pipx -- apt-get install -y --no-install-recommends pipx
apt-get install -y --no-install-recommends procps >/dev/null 2>&1 # only to look
step pipx install "stratumproxy-$LOWER-….whl" -- pipx install /try/before/*.whl
. /try/wheel.sh
step pipx install --force "stratumproxy-$HIGHER-….whl, while it runs" -- \
    pipx install --force /try/after/*.whl
. /try/upgraded.sh
step pipx uninstall stratumproxy -- pipx uninstall stratumproxy
expect no command is left -- test ! -e /usr/local/bin/stratumproxy
