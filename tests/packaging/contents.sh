#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the packages of a build, and looks at what is in them.
#
#   contents.sh BUILD OUT
set -euo pipefail
build=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
cd "$(dirname "$0")/../.."

failures=0
refuse() {
    echo "not ok: $*"
    failures=$((failures + 1))
}

scripts/package --from "$build" --out "$out" >"$out/log" 2>&1 || { cat "$out/log" && exit 1; }
gateway=$(ls "$out"/jwtgate_*.deb)
demo=$(ls "$out"/jwtgate-demo_*.deb)
dpkg-deb -c "$gateway" >"$out/gateway.list"
dpkg-deb -c "$demo" >"$out/demo.list"

expect_files() { # LIST PATH...
    local list=$1 path
    shift
    for path; do
        grep -qE " \./$path( |\$)" "$list" || refuse "${list##*/} has no $path"
    done
}

expect_files "$out/gateway.list" usr/bin/jwtgate etc/jwtgate/gateway.yaml etc/logrotate.d/jwtgate usr/lib/systemd/system/jwtgate.service \
    usr/share/bash-completion/completions/jwtgate usr/share/jwtgate/jwtgate.schema.json \
    usr/share/man/man1/jwtgate.1.gz usr/share/man/man5/jwtgate.yaml.5.gz usr/share/man/man5/jwtgate-policy.5.gz \
    usr/share/doc/jwtgate/{copyright,changelog.Debian.gz,changelog.gz,README.md,CONTRIBUTING.md,DESIGN.md,SECURITY.md}
expect_files "$out/demo.list" usr/bin/jwtgate-dev usr/share/man/man1/jwtgate-dev.1.gz usr/share/bash-completion/completions/jwtgate-dev \
    usr/share/jwtgate-demo/{calculator.yaml,policies/calculator.xml} usr/share/doc/jwtgate-demo/{copyright,changelog.Debian.gz}
for folder in docs conf docker; do
    while read -r file; do
        expect_files "$out/gateway.list" "usr/share/doc/jwtgate/$file"
    done < <(find "$folder" -type f)
done
mkdir -p "$out/files"
dpkg-deb -x "$gateway" "$out/files"
while IFS=: read -r page link; do
    [ -e "$(dirname "$page")/$link" ] || refuse "${page#"$out/files/"} leads to $link, which is not installed"
done < <(find "$out/files/usr/share/doc/jwtgate" -name '*.md' -exec grep -oPH '\]\(\K[^()\s#:]+(?=[#)])' {} +)
! grep -E 'jwtgate-dev( |$|\.)' "$out/gateway.list" || refuse "what signs tokens is in the gateway's package"
! grep -vE '^(-rw-r--r--|-rwxr-xr-x|drwxr-xr-x) root/root ' "$out"/*.list || refuse "owners or modes are not those of a system"

for key in adduser libcurl4 libssl3 libevent-core; do
    dpkg-deb -f "$gateway" Depends | grep -q "$key" || refuse "the gateway's package does not depend on $key"
done
[ "$(dpkg-deb -f "$gateway" Version)" = "$("$build/bin/jwtgate" --version | awk '{ print $2 }')-1" ] ||
    refuse "the package has another version than its program"
[ "$(dpkg-deb -I "$gateway" conffiles)" = "$(awk '$NF ~ "^./etc/.*[^/]$" { print substr($NF, 2) }' "$out/gateway.list")" ] ||
    refuse "not each file in /etc is one that an upgrade leaves alone"
for script in postinst prerm postrm; do
    dpkg-deb -I "$gateway" "$script" | sh -n || refuse "$script is no shell script"
done
for example in calculator ifs-odata; do
    dpkg-deb --fsys-tarfile "$demo" | tar -x -C "$out" ./usr/share/jwtgate-demo
    "$build/bin/jwtgate" check -c "$out/usr/share/jwtgate-demo/$example.yaml" || refuse "the demo's $example.yaml has errors"
done

# Errors only: what it warns of grows with its versions.
if command -v lintian >/dev/null; then
    lintian --allow-root --fail-on error --suppress-tags initial-upload-closes-no-bugs "$gateway" "$demo" || refuse "lintian finds errors"
fi
[ "$failures" -eq 0 ] && echo "$(wc -l <"$out/gateway.list") and $(wc -l <"$out/demo.list") files are where they should be"
exit "$failures"
