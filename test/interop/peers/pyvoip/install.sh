#!/bin/sh
# Installs pyVoIP, both generations, each into an environment of its own: below $SIDETONE_PYVOIP, or in the user's cache. It is GPL-3
# software, which the tests run as a program and nothing of ours contains. 2.0 has pre-releases only; both need audioop, which Python
# dropped with 3.13 and audioop-lts brings back.
set -e
directory=${SIDETONE_PYVOIP:-${XDG_CACHE_HOME:-$HOME/.cache}/sidetone/pyvoip}
for version in 1.6.8 2.0.0a4; do
  [ -x "$directory/$version/bin/python" ] || python3 -m venv "$directory/$version"
  "$directory/$version/bin/python" -m pip install --quiet "pyVoIP==$version" 'audioop-lts; python_version >= "3.13"'
  touch "$directory/$version/bin/pyvoip-is-installed"
done
