#!/bin/bash
# Builds the virtual machine of the system test from the machine's own apt and pip into DIRECTORY:
#   vmlinuz      Debian's own kernel, as linux-image-amd64 names it today
#   initrd.cpio  finds the disk and mounts it
#   root.ext2    Debian 12 with bluetoothd, D-Bus, Python, gpio-sim.ko, and the packages of our lock files
# The project itself is not in it: it is mounted read-only when the machine runs, so code changes need no build.
# Usage: build.sh DIRECTORY PYTHON     (PYTHON has pip and packaging: the project's .venv)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
out=$1
python=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/retrowalk-vm.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$out"

step() { echo "system test: $*"; }
fail() { echo "The virtual machine cannot be built: $*" >&2; exit 1; }

[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || fail "it is made on Debian for amd64 only."
[ "$(id -u)" = 0 ] && apt-get update -qq

# The machine's own package sources serve the guest as well, whatever they are; only Debian's are taken.
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
  'Identifier: Packages' 'Origin: Debian' 'Architecture: amd64' | grep ' bookworm' | sort -u >"$work/sources.list" || true
grep -q ' bookworm ' "$work/sources.list" || fail "no Debian 12 (bookworm) among this machine's apt sources."

# ABI names vanish from the archive; the metapackage always names the one that is there.
abi=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: linux-image-//p' | head -n 1)
[ -n "$abi" ] || fail "apt knows no linux-image-amd64. Run 'apt-get update' first."
version=$(apt-cache show "linux-image-$abi" | sed -n 's/^Version: //p' | head -n 1)
series=$(echo "$version" | grep -o '^[0-9]*\.[0-9]*')
step "kernel $abi ($version)"

needs="mmdebstrap genext2fs busybox-static cpio kmod gcc make xz-utils linux-headers-$abi"
missing=
for package in $needs; do dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"; done
if [ -n "$missing" ]; then
  [ "$(id -u)" = 0 ] || fail "some packages are missing. Run:  sudo apt install$missing"
  step "installing$missing"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >"$work/apt.log" 2>&1 || {
    tail -n 20 "$work/apt.log" >&2; fail "apt could not install$missing."; }
fi

step "fetching the kernel and the two source files that gpio-sim is made of"
(cd "$work" && apt-get download -qq "linux-image-$abi=$version" "linux-source-$series=$version" 2>"$work/apt.log") || {
  cat "$work/apt.log" >&2; fail "apt could not fetch the kernel."; }
dpkg-deb -x "$work/linux-image-${abi}_"*.deb "$work/kernel"
dpkg-deb --fsys-tarfile "$work/linux-source-${series}_"*.deb | tar -xO "./usr/src/linux-source-$series.tar.xz" |
  tar -xJ -C "$work" --strip-components=1 \
    "linux-source-$series/drivers/gpio/gpio-sim.c" "linux-source-$series/drivers/gpio/gpiolib.h" \
    "linux-source-$series/kernel/irq/irq_sim.c"
cp "$work/kernel/boot/vmlinuz-$abi" "$out/vmlinuz"

# Debian's kernel has neither gpio-sim nor IRQ_SIM: both go into one module. irq_to_desc() is not exported to
# modules; irq_get_irq_data() is, and leads to the same descriptor.
step "building gpio-sim.ko"
module=$work/gpio-sim
mkdir "$module"
cp "$work/drivers/gpio/gpio-sim.c" "$module/gpio-sim-main.c"
cp "$work/drivers/gpio/gpiolib.h" "$module/"
sed 's/irq_to_desc(irqnum)/irq_data_to_desc(irq_get_irq_data(irqnum))/' "$work/kernel/irq/irq_sim.c" >"$module/irq_sim.c"
printf 'obj-m := gpio-sim.o\ngpio-sim-y := gpio-sim-main.o irq_sim.o\n' >"$module/Kbuild"
make -s -C "/usr/src/linux-headers-$abi" M="$module" modules >"$work/module.log" 2>&1 || {
  tail -n 20 "$work/module.log" >&2; fail "gpio-sim.ko does not compile for $abi."; }
strip --strip-debug "$module/gpio-sim.ko"

step "modules"
extra=$work/extra
from=$work/kernel/lib/modules/$abi
to=$extra/usr/lib/modules/$abi
mkdir -p "$to/extra"
cp "$from/modules.order" "$from"/modules.builtin* "$to/"
cp "$module/gpio-sim.ko" "$to/extra/"
depmod -b "$work/kernel" "$abi"
files_of() { # the files of these modules and of what they need, in loading order
  local name
  for name; do modprobe -S "$abi" -d "$work/kernel" --show-depends "$name" 2>/dev/null || true; done |
    awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}
# Pairing draws its keys from drbg, which no other module names as what it needs.
for file in $(files_of bluetooth hci_vhci uhid configfs 9p 9pnet_virtio virtio_pci virtio_blk ext4 overlay \
                       ecdh_generic ecc cmac drbg jitterentropy_rng hmac sha512_generic \
                       algif_hash algif_skcipher aesni_intel ccm crct10dif_generic); do
  install -D -m 644 "$file" "$to/${file#"$from"/}"
done
mkdir "$extra/lib" && ln -s ../usr/lib/modules "$extra/lib/modules"
depmod -b "$extra" "$abi"
rm -r "$extra/lib"

step "packages of the lock files, for the guest's Python 3.11"
"$python" "$here/guest_lock.py" "$project" >"$work/guest.lock"
"$python" -m pip download -q --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
  --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none \
  --platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux_2_28_x86_64 \
  --platform manylinux_2_34_x86_64 --platform any -d "$work/wheels" -r "$work/guest.lock" 2>"$work/pip.log" || {
  cat "$work/pip.log" >&2; fail "pip could not fetch what the lock files name."; }
site=$extra/usr/local/lib/python3.11/dist-packages
mkdir -p "$site"
for wheel in "$work"/wheels/*.whl; do "$python" -m zipfile -e "$wheel" "$site"; done

# pyftms wants Python 3.12 or later: Debian 13's, unpacked beside ours and entered by chroot. Where it cannot be had
# the rest of the system test runs all the same, and the foreign client's test says why it cannot.
foreign=$extra/foreign
foreign_python() {
  local other=$work/foreign wheels=$work/foreign-wheels name
  sed -n 's/ bookworm / trixie /p' "$work/sources.list" >"$work/foreign.list"
  mmdebstrap --quiet --variant=extract --include=python3 --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --format=tar trixie "$other.tar" - <"$work/foreign.list" || return 1
  mkdir -p "$foreign" && tar -xf "$other.tar" -C "$foreign" --exclude=./dev --exclude=./var || return 1
  for name in bin lib lib64 sbin; do ln -s "usr/$name" "$foreign/$name" || return 1; done
  mkdir -p "$foreign"/{dev,proc,run,tmp,project} "$foreign/usr/local/lib/python3.13/dist-packages" || return 1
  "$python" -m pip download -q --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
    --python-version 3.13 --implementation cp --abi cp313 --abi abi3 --abi none \
    --platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux_2_28_x86_64 \
    --platform any -d "$wheels" -r "$here/foreign/requirements.lock" || return 1
  for name in "$wheels"/*.whl; do
    "$python" -m zipfile -e "$name" "$foreign/usr/local/lib/python3.13/dist-packages" || return 1
  done
  chroot "$foreign" /usr/bin/python3.13 -m compileall -q /usr/lib/python3.13 /usr/local/lib/python3.13 >/dev/null || true
}
step "another Python with pyftms, for the foreign client"
foreign_python 2>"$work/foreign.log" || {
  rm -rf "$foreign"; mkdir "$foreign"; tail -n 5 "$work/foreign.log" >"$foreign/missing"
  step "it cannot be had: $(tail -n 1 "$foreign/missing")"; }

step "Debian 12 with bluetoothd, D-Bus and Python"
install -D -m 755 /bin/busybox "$extra/usr/bin/busybox"
install -D -m 755 "$here/guest/first-init" "$extra/usr/sbin/retrowalk-init"
mkdir -p "$extra/src" "$extra/project" "$extra/host" "$extra/var/lib/bluetooth" "$extra/etc"
echo 0123456789abcdef0123456789abcdef >"$extra/etc/machine-id"
tar -C "$extra" --owner=0 --group=0 --numeric-owner -cf "$work/extra.tar" .
# A cold compile of the packages takes longer under emulation than the whole test.
mmdebstrap --quiet --variant=minbase --include="$(paste -sd, "$here/guest/packages.txt")" \
  --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --customize-hook="tar-in $work/extra.tar /" \
  --customize-hook='chroot "$1" python3 -m compileall -q -j 2 /usr/lib/python3.11 /usr/local/lib/python3.11 || true' \
  --customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*' \
  --format=ext2 bookworm "$work/root.ext2" - <"$work/sources.list" 2>"$work/mmdebstrap.log" || {
  tail -n 30 "$work/mmdebstrap.log" >&2; fail "mmdebstrap stopped."; }
cp --sparse=always "$work/root.ext2" "$out/root.ext2"

step "initial ramdisk"
ramdisk=$work/initrd
mkdir -p "$ramdisk"/bin "$ramdisk"/proc "$ramdisk"/sys "$ramdisk"/dev "$ramdisk"/newroot "$ramdisk"/mods
cp /bin/busybox "$ramdisk/bin/"
install -m 755 "$here/guest/initrd-init" "$ramdisk/init"
for file in $(files_of virtio_pci virtio_blk crc32c_generic ext4); do
  cp "$file" "$ramdisk/mods/"
  basename "$file" >>"$ramdisk/mods/order"
done
(cd "$ramdisk" && find . | cpio -o -H newc --quiet) >"$out/initrd.cpio"
echo "$abi $version" >"$out/kernel"
step "built in $SECONDS s"
