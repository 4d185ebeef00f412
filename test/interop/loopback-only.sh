#!/bin/sh
# loopback-only.sh COMMAND [ARGUMENT...]
#
# Runs COMMAND in a network namespace of its own that has 127.0.0.1 and ::1 and nothing else: whatever a peer or the
# phone sends anywhere else fails with "network unreachable". The process namespace dies with COMMAND, and with it every
# peer that a crashed test left behind; the network namespace goes with its last process. Exit status: COMMAND's.
# As root it needs nothing; as a user it needs unprivileged user namespaces.
set -e
[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENT...]" >&2; exit 64; }
user=
[ "$(id -u)" -eq 0 ] || user="--user --map-root-user"
# shellcheck disable=SC2086 # $user is two words or none
exec unshare $user --net --pid --fork --kill-child --mount-proc sh -c 'ip link set lo up && exec "$@"' loopback-only "$@"
