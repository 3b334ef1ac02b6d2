#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The unit is one that systemd takes, confines the gateway as tightly as it promises, and reloads by a checked configuration
# (77: skipped where systemd-analyze is not installed).
#
#   service.sh JWTGATE
set -euo pipefail
jwtgate=$(realpath "$1")
cd "$(dirname "$0")/../.."

# Of 100; docs/service.md names what it is made of.  Less is better.
EXPOSURE_MAX=15

if ! systemd-analyze --version 2>/dev/null | awk '/^systemd/ { exit !($2 >= 250) }'; then
    echo "systemd-analyze 250 or later is not here"
    exit 77
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# The program of this build stands for the one of the package, which need not be installed.
sed "s#/usr/bin/jwtgate#$jwtgate#" packaging/jwtgate.service >"$place/jwtgate.service"
found=$(systemd-analyze verify --man=no "$place/jwtgate.service" 2>&1) || true
if grep -q jwtgate <<<"$found"; then
    printf '%s\n' "$found"
    exit 1
fi
if ! systemd-analyze security --no-pager --offline=true --threshold="$EXPOSURE_MAX" "$place/jwtgate.service" >"$place/security" 2>&1; then
    cat "$place/security"
    exit 1
fi
tail -n 1 "$place/security"

# docs/service.md shows the unit as it is, but for comments.
# The first block there is the unit.
awk '/^```ini$/ && !seen++ { on = 1; next } /^```$/ { on = 0 } on' docs/service.md >"$place/shown"
sed '/^#/d; /./,$!d' packaging/jwtgate.service | diff -u "$place/shown" - || {
    echo "docs/service.md shows another unit than packaging/jwtgate.service"
    exit 1
}
