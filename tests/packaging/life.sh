#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The life of the packages in a Debian of their own: installed, run as the unit says, upgraded, removed, purged.  scripts/package-test
# brings the Debian, with the packages in /packages and all that they depend on in apt's cache, and a network without anybody else.
#
#   life.sh ROOT
set -euo pipefail
root=$1
unit=$root/usr/lib/systemd/system/jwtgate.service
config=$root/etc/jwtgate/gateway.yaml
log=$root/tmp/gateway.log

chrooted() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive "$@"
}

fail() {
    echo "not ok: $*"
    [ ! -e "$log" ] || tail -n 20 "$log"
    exit 1
}

# Runs the command until it succeeds, for a minute and more.
until_holds() { # WHAT COMMAND...
    local what=$1 tries
    shift
    for ((tries = 0; tries < 600; tries++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    fail "$what"
}

expect() { # WHAT EXPECTED FOUND
    [ "$2" = "$3" ] || fail "$1: expected $2, found $3"
    echo "ok: $1"
}

# dpkg and apt are silent unless they fail.
apt() {
    chrooted apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-confold "$@" >"$root/tmp/apt.log" 2>&1 ||
        { cat "$root/tmp/apt.log" && fail "apt-get $*"; }
}

# The file of a package, as the chroot names it.
packaged() { # NAME
    (cd "$root" && ls packages/"$1"_*.deb) | sed 's#^#/#'
}

# The values of a key of the unit, a line each.
unit_values() {
    sed -n "s/^$1=//p" "$unit"
}

status_of() { # URL [TOKEN]
    curl -s -o /dev/null -w '%{http_code}' ${2:+-H "Authorization: Bearer $2"} "$1"
}

# A command of the unit, run with the user, groups, capabilities, limits and directories that the unit gives, as systemd would.
as_unit() { # COMMAND...
    local user group capabilities limit
    user=$(unit_values User)
    group=$(unit_values Group)
    capabilities=+$(unit_values AmbientCapabilities | tr '[:upper:]' '[:lower:]' | sed 's/cap_//')
    chrooted install -d -o "$user" -g "$group" -m "$(unit_values RuntimeDirectoryMode)" "/run/$(unit_values RuntimeDirectory)"
    # Where this machine's own limit is lower, that has to do.
    limit=--nofile=$(unit_values LimitNOFILE)
    prlimit "$limit" true 2>/dev/null || limit=--nofile=$(ulimit -Hn)
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin prlimit "$limit" \
        setpriv --reuid "$user" --regid "$group" --init-groups --no-new-privs --bounding-set "-all,$capabilities" \
        --inh-caps "$capabilities" --ambient-caps "$capabilities" \
        sh -c "umask $(unit_values UMask); exec \"\$@\"" sh "$@"
}

gateway_start() {
    local command
    read -ra command <<<"$(unit_values ExecStart)"
    as_unit "${command[@]}" >"$log" 2>&1 &
    gateway=$!
    until_holds "the gateway becomes ready" grep -q '^event=ready' "$log"
    until_holds "the gateway has its keys" curl -sf -o /dev/null http://127.0.0.1:9180/readyz
}

# The commands of ExecReload one after the other; the exit status of the first that fails.
gateway_reload() {
    local line command
    while read -r line; do
        read -ra command <<<"${line//\$MAINPID/$gateway}"
        (as_unit "${command[@]}") >>"$log" 2>&1 || return
    done < <(unit_values ExecReload)
}

gateway_stop() {
    local status=0
    kill -TERM "$gateway"
    wait "$gateway" || status=$?
    expect "SIGTERM ends the gateway in order" 0 "$status"
}

# The same package as the next version, with another default configuration.
make_upgrade() {
    local tree=$root/tmp/upgrade version
    dpkg-deb -R "$root"/packages/jwtgate_*.deb "$tree"
    version=$(sed -n 's/^Version: //p' "$tree/DEBIAN/control")
    sed -i "s/^Version: .*/Version: $version+next/" "$tree/DEBIAN/control"
    echo '# A line of the next version.' >>"$tree/etc/jwtgate/gateway.yaml"
    (cd "$tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | xargs -0 md5sum >DEBIAN/md5sums)
    dpkg-deb -Zgzip -b "$tree" "$root/tmp/upgrade.deb" >/dev/null
    rm -rf "$tree"
}

python3 - <<'END'
import fcntl, socket, struct
with socket.socket() as s:  # ip link set lo up, also where ip is not installed
    fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x49))
END

apt install "$(packaged jwtgate)"
expect "the user" "jwtgate:/nonexistent:/usr/sbin/nologin" "$(awk -F: '/^jwtgate:/ { print $1 ":" $6 ":" $7 }' "$root/etc/passwd")"
expect "the gateway's own data is its own" "700 jwtgate jwtgate" "$(chrooted stat -c '%a %U %G' /var/lib/jwtgate)"
expect "logs are its own" "750 jwtgate jwtgate" "$(chrooted stat -c '%a %U %G' /var/log/jwtgate)"
expect "the configuration is for root and the gateway" "750 root jwtgate" "$(chrooted stat -c '%a %U %G' /etc/jwtgate)"
expect "the service starts with the machine" /usr/lib/systemd/system/jwtgate.service \
    "$(readlink "$root/etc/systemd/system/multi-user.target.wants/jwtgate.service" | sed 's#^/lib#/usr/lib#')"
expect "no program stands there that signs" "" "$(ls "$root/usr/bin/jwtgate-dev" 2>/dev/null || true)"
(as_unit jwtgate check) >"$log" 2>&1 || fail "the configuration of the package is right, and the gateway may read it"
apt install "$(packaged jwtgate-demo)"

chroot "$root" setpriv --reuid nobody --regid nogroup --clear-groups jwtgate-dev issuer >/dev/null 2>&1 &
chroot "$root" setpriv --reuid nobody --regid nogroup --clear-groups jwtgate-dev calculator >/dev/null 2>&1 &
until_holds "the demo's provider answers" curl -sf -o /dev/null http://127.0.0.1:9400/jwks
until_holds "the demo's API answers" curl -sf -o /dev/null http://127.0.0.1:9001/healthz
token=$(curl -sSu demo:demo-secret -d grant_type=client_credentials http://127.0.0.1:9400/token | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
sum='/calculator/add?a=51&b=49'

gateway_start
expect "runs as its user, without other rights" "$(chrooted id -u jwtgate) 0000000000000400 1" \
    "$(awk '/^Uid:/ { uid = $2 } /^CapBnd:/ { caps = $2 } /^NoNewPrivs:/ { print uid, caps, $2 }' "/proc/$gateway/status")"
expect "a right token passes" 200 "$(status_of "http://127.0.0.1:8080$sum" "$token")"
expect "no token, no entry" 401 "$(status_of "http://127.0.0.1:8080$sum")"
expect "a token that was changed does not pass" 401 "$(status_of "http://127.0.0.1:8080$sum" "${token%?????}AAAAA")"
until_holds "keys are kept in /var/lib/jwtgate" sh -c "ls $root/var/lib/jwtgate | grep -q ."

cp -p "$config" "$root/tmp/before.yaml"
sed -i 's/^routes:/rootes:/' "$config"
! gateway_reload || fail "a broken configuration refuses the reload"
expect "after a refused reload the gateway serves on" 200 "$(status_of "http://127.0.0.1:8080$sum" "$token")"
cp -p "$root/tmp/before.yaml" "$config"
sed -i 's/^listeners:/&\n  - bind: 127.0.0.1:80/' "$config"
gateway_reload || fail "a right configuration is reloaded"
until_holds "port 80 answers after the reload" curl -s -o /dev/null http://127.0.0.1:80/
expect "a right token passes on port 80, which only root may bind" 200 "$(status_of "http://127.0.0.1:80$sum" "$token")"
gateway_stop

make_upgrade
cp -p "$config" "$root/tmp/mine.yaml"
apt install /tmp/upgrade.deb
chrooted dpkg-query -s jwtgate | grep -q '^Version:.*next$' || fail "the next version is installed"
cmp -s "$root/tmp/mine.yaml" "$config" || fail "an upgrade leaves the configuration as it was changed"
grep -q 'next version' "$config.dpkg-dist" || fail "the configuration of the next version stands beside it"
gateway_start
expect "the upgraded gateway runs with it" 200 "$(status_of "http://127.0.0.1:80$sum" "$token")"
gateway_stop

apt remove jwtgate
expect "program and unit go with the package" "" "$(ls "$root/usr/bin/jwtgate" "$unit" 2>/dev/null || true)"
cmp -s "$root/tmp/mine.yaml" "$config" || fail "the configuration stays when the package is removed"
[ -n "$(ls "$root/var/lib/jwtgate")" ] || fail "keys stay when the package is removed"
chrooted install -m 640 -g jwtgate /dev/null /etc/jwtgate/server.key
apt purge jwtgate jwtgate-demo
expect "nothing is left after a purge but the folder of files that are not the package's" "$root/etc/jwtgate" \
    "$(find "$root" -xdev -name '*jwtgate*' ! -path "$root/packages/*" ! -path "$root/src/*" \
        ! -path "$root/debs/*" ! -path "$root/run/jwtgate" ! -path "$root/var/cache/apt/*")"
expect "they stay as they were" "640 root jwtgate server.key" "$(chrooted sh -c 'cd /etc/jwtgate && stat -c "%a %U %G %n" *')"
expect "nobody else gets their group's number" "750 root jwtgate" "$(chrooted stat -c '%a %U %G' /etc/jwtgate)"
expect "the user stays, and cannot log in" "/usr/sbin/nologin" "$(awk -F: '/^jwtgate:/ { print $7 }' "$root/etc/passwd")"
echo "the packages live and go as they should"
