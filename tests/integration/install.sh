#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the packages that the integration tests pin, when they are not installed yet.
set -euo pipefail
cd "$(dirname "$0")"

if [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --no-audit --no-fund
    touch node_modules/.package-lock.json
fi
echo "packages are installed"
