#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What bash offers behind jwtgate and jwtgate-dev is what their --help names: every command and every option, files and names.
#
#   completion.sh JWTGATE [JWTGATE_DEV]
set -u
jwtgate=$(realpath "$1")
dev=$(realpath "${2:-/dev/null}")
cd "$(dirname "$0")/../.." || exit 1
root=$PWD

# shellcheck source=/dev/null
. packaging/jwtgate.bash-completion
# shellcheck source=/dev/null
. packaging/jwtgate-dev.bash-completion

failures=0

# What is offered for the last of the words, sorted.
offered() { # FUNCTION PROGRAM WORD...
    local function=$1
    shift
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    "$function" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\n' "${COMPREPLY[@]}" | sort -u
}

expect() { # NAME EXPECTED FOUND
    if [ "$2" = "$3" ]; then
        echo "ok: $1"
    else
        printf 'not ok: %s\n  expected: %s\n  offered:  %s\n' "$1" "$(tr '\n' ' ' <<<"$2")" "$(tr '\n' ' ' <<<"$3")"
        failures=$((failures + 1))
    fi
}

lines() {
    printf '%s\n' "$@" | sort -u
}

# All that a --help names, taken out of it by other means than the completion's own.
commands_of() {
    "$1" --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'
}

options_of() {
    "$1" "$2" --help | awk '/^Options:/ { on = 1; next } /^$/ { on = 0 } on' | grep -oE '^ +(-[a-z], )?--[a-z-]+' |
        grep -oE -- '--[a-z-]+' | sort -u
}

# Commands, and the options of each: as --help has them.
expect_in_step() { # FUNCTION PROGRAM
    local name=${2##*/} command
    mapfile -t commands < <(commands_of "$2")
    [ "${#commands[@]}" -gt 3 ] || expect "--help of $name names its commands" "more than three" "${commands[*]}"
    expect "the commands of $name" "$(lines "${commands[@]}" help --help --version)" "$(offered "$1" "$2" "")"
    for command in "${commands[@]}"; do
        expect "the options of $name $command" "$(options_of "$2" "$command")" "$(offered "$1" "$2" "$command" --)"
    done
}

expect_in_step _jwtgate "$jwtgate"
expect "a command by its beginning" explain "$(offered _jwtgate "$jwtgate" ex)"
expect "commands behind help" check "$(offered _jwtgate "$jwtgate" help ch)"
expect "nothing behind a command that there is not" "" "$(offered _jwtgate "$jwtgate" exploin --)"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place" || exit 1
mkdir keys.d
touch gateway.yaml keys.json keep.xml token "my keys"
cat >gateway.yaml <<'END'
backends:
  - name: backend
routes:
  - name: orders
    path: /a
    validate_jwt:
      required_claims: [ { name: groups } ]
  - path: /b
    name: "invoices"
  - { name: health, path: /healthz }
named_values: { name: no }
limits:
  name: no
END
expect "files and folders behind -c" "$(lines gateway.yaml keys.d keys.json keep.xml token "my keys")" \
    "$(offered _jwtgate "$jwtgate" serve -c "")"
expect "the same behind --config" "$(lines keys.d keys.json keep.xml)" "$(offered _jwtgate "$jwtgate" check --config ke)"
expect "policies behind --policy" "$(lines keep.xml keys.d)" "$(offered _jwtgate "$jwtgate" explain --policy ke)"
expect "names with blanks stay whole" "my keys" "$(offered _jwtgate "$jwtgate" explain --token-file m)"
expect "routes of the configuration named before" "$(lines orders invoices health)" \
    "$(offered _jwtgate "$jwtgate" explain -c gateway.yaml --route "")"
expect "no routes without a configuration" "" "$(offered _jwtgate "$jwtgate" explain -c absent.yaml --route "")"
expect "nothing where anything may stand" "" "$(offered _jwtgate "$jwtgate" explain --issuer "")"
expect "tables behind test" "$(lines gateway.yaml keys.d keys.json)" "$(offered _jwtgate "$jwtgate" test "")"

if [ -x "$dev" ]; then
    expect_in_step _jwtgate_dev "$dev"
    expect "folders behind --out" keys.d "$(offered _jwtgate_dev "$dev" keygen --out k)"
    expect "files behind --key" "$(lines keys.d keys.json)" "$(offered _jwtgate_dev "$dev" mint --key keys)"
    expect "algorithms" "$(lines ES256 ES384 ES512 Ed25519 Ed448 EdDSA)" "$(offered _jwtgate_dev "$dev" keygen --alg E)"
    expect "no secret for an issuer" "" "$(offered _jwtgate_dev "$dev" issuer --alg HS)"
    # Those that the program refuses to know are told by itself.
    for kind in $(offered _jwtgate_dev "$dev" mint --break ""); do
        "$dev" mint --key /nonexistent --break "$kind" 2>&1 | grep -q nonexistent || expect "mint knows --break $kind" yes no
    done
    expect "ways to break a token" 15 "$(offered _jwtgate_dev "$dev" mint --break "" | wc -l)"
    for algorithm in $(offered _jwtgate_dev "$dev" keygen --alg ""); do
        "$dev" keygen --alg "$algorithm" --kid k --out "$place/$algorithm" >/dev/null || expect "keygen knows $algorithm" yes no
    done
fi

expect "jwtgate is completed by its function" "complete -F _jwtgate jwtgate" "$(complete -p jwtgate)"
bash -n "$root/packaging/jwtgate.bash-completion" "$root/packaging/jwtgate-dev.bash-completion"
exit $((failures > 0))
