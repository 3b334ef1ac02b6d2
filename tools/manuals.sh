#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The manual pages are sound mdoc: by mandoc, else by groff (77: skipped where neither is installed).
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v mandoc >/dev/null; then
    mandoc -T lint -W warning man/*.[1-9]
elif command -v groff >/dev/null && groff -mandoc -Tascii /dev/null >/dev/null 2>&1; then
    # It exits 0 whatever it warns of.
    found=$(groff -wmac -mandoc -Tascii -z man/*.[1-9] 2>&1)
    if [ -n "$found" ]; then
        printf '%s\n' "$found"
        exit 1
    fi
else
    echo "neither mandoc nor groff with its macros is here"
    exit 77
fi
