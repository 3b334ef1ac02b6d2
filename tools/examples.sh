#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every configuration in conf/ is right, and every policy there stands in one of them.
#
#   examples.sh JWTGATE
set -euo pipefail
cd "$(dirname "$0")/.."

for file in conf/*.yaml; do
    "$1" check -c "$file"
done
for policy in conf/policies/*; do
    if ! grep -qE "policy: .*policies/${policy##*/}\b" conf/*.yaml; then
        echo "$policy: no configuration in conf/ names it" >&2
        exit 1
    fi
done
