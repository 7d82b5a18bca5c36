#!/usr/bin/env bash
# Builds the appliance's .deb for Debian 13 / Raspberry Pi OS trixie (Python 3.13), without emulation:
#   deploy/build_deb.sh [amd64|arm64] [OUTDIR]
# Python libraries come as locked, hashed wheels for the wanted platform; pygame is Debian's own. VERSION=0.1.1 in the
# environment makes a package of another version, COMPRESS=gzip one that is bigger and sooner there (for tests).
set -euo pipefail
cd "$(dirname "$0")/.."
arch=${1:-$(dpkg --print-architecture)}
out=${2:-dist}
python=3.13
case $arch in
  amd64) machine=x86_64 ;;
  arm64) machine=aarch64 ;;
  *) echo "No appliance is built for $arch: amd64 or arm64." >&2; exit 2 ;;
esac
py=${PYTHON:-.venv/bin/python}
version=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
app=$root/opt/retrowalk
mkdir -p "$app"/{app,lib,bin,lgpio} "$root"/{DEBIAN,etc/retrowalk} "$root"/usr/lib/{systemd/system,sysusers.d,tmpfiles.d} \
  "$root"/usr/lib/{udev/rules.d,sysctl.d,systemd/journald.conf.d,systemd/system.conf.d,systemd/logind.conf.d} "$root"/usr/share/{dbus-1/system.d,doc/retrowalk} "$root/usr/bin"

cp -r kiosk hardware assets "$app/app/"
# The simulated world stays out: the appliance cannot be told to pretend (a mock stop button reads "closed" for ever).
rm -rf "$app/app/hardware/simulated"
find "$app" -name __pycache__ -prune -exec rm -rf {} +

"$py" deploy/appliance_requirements.py requirements.lock $python $machine >"$root/requirements"
platforms=()
for tag in manylinux_2_17 manylinux_2_28 manylinux_2_34 manylinux_2_36 manylinux2014; do platforms+=(--platform "${tag}_$machine"); done
"$py" -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes --only-binary=:all: \
  --implementation cp --python-version $python "${platforms[@]}" --target "$app/lib" -r "$root/requirements" 2>"$root/pip.log" ||
  { cat "$root/pip.log" >&2; exit 1; }
rm -rf "$root/requirements" "$root/pip.log" "$app/lib/bin" "$app/lib/sqlalchemy/testing" "$app"/lib/setuptools* "$app/lib/_distutils_hack" \
  "$app/lib/distutils-precedence.pth" "$app/lib/pkg_resources"

# Raspberry Pi OS has python3-lgpio; Debian 13 itself has none, and PyPI none for its Python. There the C library inside
# PyPI's wheel for 3.12 serves through ctypes (deploy/lgpio/_lgpio.py); it comes last in the path.
"$py" deploy/appliance_requirements.py requirements.lock 3.12 $machine lgpio >"$root/lgpio.txt"
"$py" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
  --implementation cp --python-version 3.12 "${platforms[@]}" --dest "$root/lgpio" -r "$root/lgpio.txt" 2>"$root/pip.log" ||
  { cat "$root/pip.log" >&2; exit 1; }
"$py" -m zipfile -e "$root"/lgpio/lgpio-*.whl "$root/lgpio/wheel"
cp "$root/lgpio/wheel/lgpio.py" deploy/lgpio/_lgpio.py "$app/lgpio/"
cp "$root"/lgpio/wheel/_lgpio.*.so "$app/lgpio/lg-carrier-$machine.so"
cp "$root"/lgpio/wheel/lgpio-*.dist-info/LICENSE "$app/lgpio/LICENSE"
chmod 644 "$app"/lgpio/*
rm -rf "$root/lgpio" "$root/lgpio.txt" "$root/pip.log"

start() { # NAME MODULE FUNCTION
  cat >"$app/bin/$1" <<S
#!/usr/bin/python3 -sP
import sys
sys.path[0:0] = ["/opt/retrowalk/app", "/opt/retrowalk/lib"]
sys.path.append("/opt/retrowalk/lgpio")
from $2 import $3
sys.exit($3())
S
  chmod 755 "$app/bin/$1"
}
start retrowalk kiosk.cli main
start retrowalk-guard hardware.guard.__main__ main
start retrowalk-belt hardware.belt.__main__ main
start retrowalk-stopper hardware.stopper.__main__ main
start retrowalk-kiosk kiosk.__main__ main
start retrowalk-helper kiosk.appliance.helper main
ln -s /opt/retrowalk/bin/retrowalk "$root/usr/bin/retrowalk"

mkdir "$app/lib/retrowalk-$version.dist-info" # what importlib.metadata reads: retrowalk --version, the doctor
printf 'Metadata-Version: 2.1\nName: retrowalk\nVersion: %s\n' "$version" >"$app/lib/retrowalk-$version.dist-info/METADATA"
cp deploy/systemd/*.{service,path,target} "$root/usr/lib/systemd/system/"
cp deploy/etc/sysusers.conf "$root/usr/lib/sysusers.d/retrowalk.conf"
cp deploy/etc/tmpfiles.conf "$root/usr/lib/tmpfiles.d/retrowalk.conf"
cp deploy/etc/99-retrowalk.rules "$root/usr/lib/udev/rules.d/"
cp deploy/etc/retrowalk-dbus.conf "$root/usr/share/dbus-1/system.d/retrowalk.conf"
mkdir -p "$root/etc/systemd/system"
ln -s /dev/null "$root/etc/systemd/system/ctrl-alt-del.target" # Ctrl-Alt-Del reboots nothing
cp deploy/etc/sysctl.conf "$root/usr/lib/sysctl.d/90-retrowalk.conf"
cp deploy/etc/logind.conf "$root/usr/lib/systemd/logind.conf.d/90-retrowalk.conf"
# 90: after what Raspberry Pi OS sets (40-rpi-volatile-storage.conf, 70-rpi-enable-watchdog.conf).
cp deploy/etc/journald.conf "$root/usr/lib/systemd/journald.conf.d/90-retrowalk.conf"
cp deploy/etc/watchdog.conf "$root/usr/lib/systemd/system.conf.d/90-retrowalk.conf"
mkdir -p "$root/usr/share/man/man1"
gzip -9n <deploy/retrowalk.1 >"$root/usr/share/man/man1/retrowalk.1.gz"
cp -r README.md LICENSE deploy/guide "$root/usr/share/doc/retrowalk/"
cp deploy/README.md "$root/usr/share/doc/retrowalk/APPLIANCE.md"
cp deploy/wayland.conf "$root/usr/share/doc/retrowalk/"
cp "$app/lgpio/LICENSE" "$root/usr/share/doc/retrowalk/LICENSE.lgpio"

cat >"$root/DEBIAN/control" <<C
Package: retrowalk
Version: $version
Architecture: $arch
Maintainer: The Retro Walk authors <retrowalk@localhost>
Installed-Size: $(du -sk "$root" | cut -f1)
Depends: python3 (>= $python~), python3 (<< 3.14~), python3-pygame (>= 2.6), python3-setuptools, bluez, dbus, systemd, udev, init-system-helpers, util-linux, openssl, libgbm1, libegl1, libgles2, libgl1-mesa-dri
Recommends: alsa-utils, python3-lgpio, systemd-timesyncd | time-daemon
Suggests: cage
Section: misc
Priority: optional
Description: guided backward walking on FTMS treadmills
 A kiosk that leads the session, drives the belt over Bluetooth and stops it.
 Its Python libraries travel in /opt/retrowalk; nothing is fetched at install.
C
cp deploy/debian/{postinst,prerm,postrm} "$root/DEBIAN/"
chmod 755 "$root"/DEBIAN/{postinst,prerm,postrm}
mkdir -p "$out"
dpkg-deb --root-owner-group "-Z${COMPRESS:-xz}" --build "$root" "$out/retrowalk_${version}_$arch.deb" >/dev/null
ls -l "$out/retrowalk_${version}_$arch.deb" | awk '{printf "%s  %.1f MB\n", $9, $5 / 1e6}'
