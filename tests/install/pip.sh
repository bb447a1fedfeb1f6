# pip, into a virtual environment.
. /try/mine.sh
python=/opt/stratumproxy/bin/python
program=/opt/stratumproxy/bin/stratumproxy

step apt-get update -- apt-get update
step apt-get install python3-venv -- apt-get install -y --no-install-recommends python3-venv
apt-get install -y --no-install-recommends procps >/dev/null 2>&1 # only to look
step python3 -m venv /opt/stratumproxy -- python3 -m venv /opt/stratumproxy
step pip install "stratumproxy-$LOWER-….whl" -- $python -m pip install /try/before/*.whl
. /try/wheel.sh
step pip install "stratumproxy-$HIGHER-….whl, while it runs" -- $python -m pip install /try/after/*.whl
. /try/upgraded.sh
step rm -r /opt/stratumproxy -- rm -r /opt/stratumproxy
