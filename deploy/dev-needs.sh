#!/bin/sh
# Installs what the slower tests need besides Python: a D-Bus daemon (fake BlueZ), a virtual X server (the real window).
# As root it installs; otherwise it says the one line that does.
set -eu
need=""
have() { command -v "$1" >/dev/null 2>&1; }
have dbus-daemon || need="$need dbus"
have Xvfb || need="$need xvfb"
have xdotool || need="$need xdotool"
have openssl || need="$need openssl"
python3 -c 'import venv, ensurepip' 2>/dev/null || need="$need python3-venv"
[ -z "$need" ] && exit 0
if [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of package names
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $need >/dev/null
else
    echo "These tests need a few Debian packages. Install them with:  sudo apt install$need" >&2
    exit 1
fi
