#!/bin/bash
# make appliance-test: everything about the appliance that is slow.   Usage: run.sh [amd64] [arm64] [vm]
# Needs root on Debian, and its package source. Works in $APPLIANCE_WORK, else in the user's cache; keeps base systems.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${APPLIANCE_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/retrowalk-appliance}
mkdir -p "$work"
[ "$(id -u)" = 0 ] || { echo "The appliance test makes chroots: run it as root." >&2; exit 2; }
needs="mmdebstrap qemu-system-x86 qemu-user-static openssl e2fsprogs dosfstools mtools fdisk"
missing=
for package in $needs; do dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"; done
# shellcheck disable=SC2086  # a list
[ -z "$missing" ] || { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null; }
[ $# -gt 0 ] || set -- amd64 arm64 vm
make -s .venv/.dev
failed=0 begin=$SECONDS
rm -f "$work"/*.deb
for part; do
  case $part in
    amd64 | arm64) nice -n 10 tests/appliance/chroot.sh "$part" "$work" || failed=1 ;;
    vm)
      nice -n 10 tests/appliance/vm_image.sh "$work" "$work/vm"
      rm -rf "$work/vm-out"
      # Each a boot of its own: one that went wrong leaves nothing to the next.
      for boot in lines screen stick update cage; do
        nice -n 10 .venv/bin/python -m tests.appliance.vm "$work/vm" "$work/vm-out" "$boot" || failed=1
      done ;;
    *) echo "Parts are: amd64 arm64 vm" >&2; exit 2 ;;
  esac
done
echo "appliance test: $*, $((SECONDS - begin)) s"
[ $failed = 0 ] && echo "appliance test: all well" || { echo "appliance test: something failed, see above"; exit 1; }
