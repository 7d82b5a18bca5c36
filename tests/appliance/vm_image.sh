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
[ -f "$work/retrowalk_0.1.1_amd64.deb" ] || VERSION=0.1.1 COMPRESS=gzip "$project/deploy/build_deb.sh" amd64 "$work"
rm -rf "$root"; mkdir -p "$root"; tar -C "$root" -xf "$base"
cp "$root"/boot/vmlinuz-* "$out/vmlinuz"; cp "$root"/boot/initrd.img-* "$out/initrd"
cp "$work/retrowalk_0.1.1_amd64.deb" "$root/package.deb"
cp /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"; chmod 755 "$root/usr/sbin/policy-rc.d"
chroot "$root" apt-get update -qq
DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y -qq --no-install-recommends /package.deb >"$out/install.log" 2>&1
rm "$root/usr/sbin/policy-rc.d" "$root/package.deb"
cp -r "$project/hardware/simulated" "$root/opt/retrowalk/app/hardware/"
guest=$project/tests/appliance/guest
install -D -m 644 "$guest/retrowalk.toml" "$root/etc/retrowalk/retrowalk.toml"
install -m 644 "$guest"/*.service "$root/etc/systemd/system/"
for unit in guard belt stopper world; do install -D -m 644 "$guest/slow.conf" "$root/etc/systemd/system/retrowalk-$unit.service.d/slow.conf"; done
install -D -m 644 "$guest/fast.conf" "$root/etc/systemd/system/retrowalk-kiosk.service.d/slow.conf"
chroot "$root" systemctl -q enable job.service retrowalk-world.service
rm -f "$root"/etc/systemd/system/timers.target.wants/* "$root"/etc/systemd/system/getty.target.wants/*
mkdir -p "$root/host"
printf 'host /host 9p trans=virtio,version=9p2000.L,rw,nofail 0 0\n/dev/vda / ext4 defaults 0 1\n' >"$root/etc/fstab"
rm -f "$out/disk.img"; truncate -s 3G "$out/disk.img"
mkfs.ext4 -q -d "$root" "$out/disk.img"
