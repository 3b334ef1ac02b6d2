#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No complaint of shellcheck about our scripts (77: skipped where it is not installed).
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v shellcheck >/dev/null; then
    echo "shellcheck is not here"
    exit 77
fi
mapfile -t files < <(grep -lE '^#!.*\b(ba)?sh$' scripts/* .ci/* tests/lint/*.sh tests/packaging/*.sh packaging/debian/* docker/* conf/* 2>/dev/null || true)
shellcheck "${files[@]}"
echo "${#files[@]} scripts are clean"
