#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every C file is as clang-format leaves it.  Versions differ in details, so only the one that the tree was written with
# judges; another is no failure (77: skipped).
set -euo pipefail
cd "$(dirname "$0")/../.."

program=$(command -v clang-format-14 || command -v clang-format || true)
if [ -z "$program" ] || ! "$program" --version | grep -q 'version 14\.'; then
    echo "clang-format 14 is not here"
    exit 77
fi
mapfile -t files < <(git ls-files '*.c' '*.h' 2>/dev/null || find include src tests -name '*.[ch]' -not -path '*/node_modules/*')
present=()
for file in "${files[@]}"; do
    [ -f "$file" ] && present+=("$file")
done
"$program" --dry-run -Werror "${present[@]}"
echo "${#present[@]} files are formatted"
