#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every configuration in conf/ is right, and every policy there stands in one of them.
#
#   examples.sh JWTGATE
set -euo pipefail
jwtgate=$(realpath "$1")
cd "$(dirname "$0")/.."

# Certificates that conf/tls.yaml names are for its users to bring: here they are made.
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp -r conf "$place"
mkdir "$place/conf/tls"
for name in server partner gateway clients backend-ca; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$name.example.com" \
        -keyout "$place/conf/tls/$name.key" -out "$place/conf/tls/$name.crt" 2>/dev/null
    cp "$place/conf/tls/$name.crt" "$place/conf/tls/$name.pem"
done

for file in conf/*.yaml; do
    (cd "$place" && "$jwtgate" check -c "$file")
done
for policy in conf/policies/*; do
    if ! grep -qE "policy: .*policies/${policy##*/}\b" conf/*.yaml; then
        echo "$policy: no configuration in conf/ names it" >&2
        exit 1
    fi
done
