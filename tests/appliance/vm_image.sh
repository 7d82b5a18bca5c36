#!/bin/bash
# The image of the VM: Debian 13 with its kernel, the package, and beside it the simulated world (for this test alone).
# Usage: vm_image.sh WORK OUT     (root; run.sh calls it)
set -euo pipefail
project=$(cd "$(dirname "$0")/../.." && pwd)
work=$1 out=$2
root=$out/root
base=$work/vm-base.tar
mkdir -p "$out"
if [ ! -f "$base" ]; then
  uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Identifier: Packages' 'Origin: Debian' |
    awk '$2 ~ /^(bookworm|trixie)$/ { print $1; exit }')
  mmdebstrap --quiet --variant=minbase --architectures=amd64 --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --include=linux-image-amd64,systemd-sysv,udev,dbus,bluez,python3-pygame,python3-setuptools,libgbm1,libegl1,libgles2,libgl1-mesa-dri,openssl,kmod \
    trixie "$base" "deb $uri trixie main"
fi
"$project/tests/appliance/packages.sh" amd64 "$work"
umount "$root/proc" 2>/dev/null || true
rm -rf "$root"; mkdir -p "$root"; tar -C "$root" -xf "$base"
cp "$root"/boot/vmlinuz-* "$out/vmlinuz"; cp "$root"/boot/initrd.img-* "$out/initrd"
cp "$work/retrowalk_0.1.1_amd64.deb" "$root/package.deb"
cp /etc/resolv.conf "$root/etc/resolv.conf"
[ ! -f /etc/apt/apt.conf ] || cp /etc/apt/apt.conf "$root/etc/apt/apt.conf"
trap 'umount "$root/proc" 2>/dev/null || true' EXIT
mount -t proc proc "$root/proc"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"; chmod 755 "$root/usr/sbin/policy-rc.d"
chroot "$root" apt-get update -qq
DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y -qq --no-install-recommends /package.deb cage seatd >"$out/install.log" 2>&1
rm "$root/usr/sbin/policy-rc.d" "$root/package.deb"
rm -f "$root"/etc/systemd/system/multi-user.target.wants/seatd.service
guest=$project/tests/appliance/guest
install -D -m 644 "$guest/retrowalk.toml" "$root/etc/retrowalk/retrowalk.toml"
# An owner, or the first screen would be that of the kiosk's first day.
echo 482913 | chroot "$root" runuser -u retrowalk -- retrowalk staff add Owner --role owner --pin-stdin --config /etc/retrowalk/retrowalk.toml
umount "$root/proc"

# The simulated world, and the pins of a Pi.
[ -f "$work/gpio-sim.ko" ] || "$project/tests/appliance/gpio_sim.sh" "$base" "$work/gpio-sim.ko"
modules=$(echo "$root"/lib/modules/*)
install -D -m 644 "$work/gpio-sim.ko" "$modules/extra/gpio-sim.ko"
depmod -b "$root" "$(basename "$modules")"
cp -r "$project/hardware/simulated" "$root/opt/retrowalk/app/hardware/"
mkdir -p "$root/opt/test/tests/appliance/guest" "$root/opt/test/tests/system/guest"
cp "$guest"/{world.py,wires} "$root/opt/test/tests/appliance/guest/"
cp "$project/tests/system/guest/gpio_sim.py" "$root/opt/test/tests/system/guest/"
cp "$project/deploy/wayland.conf" "$root/opt/test/"
install -m 644 "$guest"/*.service "$root/etc/systemd/system/"
for unit in guard belt stopper; do install -D -m 644 "$guest/slow.conf" "$root/etc/systemd/system/retrowalk-$unit.service.d/slow.conf"; done
install -m 644 "$guest/wires.conf" "$root/etc/systemd/system/retrowalk-guard.service.d/"
install -D -m 644 "$guest/fast.conf" "$root/etc/systemd/system/retrowalk-kiosk.service.d/slow.conf"
chroot "$root" systemctl -q enable job.service retrowalk-world.service retrowalk.target
rm -f "$root"/etc/systemd/system/timers.target.wants/* "$root"/etc/systemd/system/getty.target.wants/*
mkdir -p "$root/host"
printf 'host /host 9p trans=virtio,version=9p2000.L,rw,nofail 0 0\n/dev/vda / ext4 defaults 0 1\n' >"$root/etc/fstab"

# Sticks, with a partition table as from a shop: an empty one, a signed update, a signed one whose migration fails.
rm -f "$work/vm-key.pem" "$work/vm-key.pub"
python3 "$project/deploy/sign_update.py" --new-key "$work/vm-key.pem" >/dev/null
install -m 644 "$work/vm-key.pub" "$root/etc/retrowalk/update.pub"
stick() { # NAME LABEL [PACKAGE]
  rm -rf "$out/$1.img" "$out/$1"; mkdir -p "$out/$1"
  truncate -s 96M "$out/$1.img"
  echo 'start=2048, type=c' | sfdisk -q "$out/$1.img"
  mkfs.vfat -n "$2" --offset 2048 "$out/$1.img" $(((96 * 1024 * 1024 - 2048 * 512) / 1024)) >/dev/null
  [ -z "${3:-}" ] || {
    python3 "$project/deploy/sign_update.py" --key "$work/vm-key.pem" --out "$out/$1" "$3" >/dev/null
    mcopy -s -i "$out/$1.img@@1M" "$out/$1/retrowalk-update" ::; }
  rm -rf "${out:?}/$1"; }
stick gym GYM
stick good UPDATE "$work/retrowalk_0.1.2_amd64.deb"
stick broken UPDATE "$work/retrowalk_0.1.3_amd64.deb"

rm -f "$out/disk.img"; truncate -s 3G "$out/disk.img"
mkfs.ext4 -q -d "$root" "$out/disk.img"
