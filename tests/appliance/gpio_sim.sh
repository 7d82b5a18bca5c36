#!/bin/bash
# gpio-sim.ko for the kernel of the appliance's image, which Debian builds without it.   Usage: gpio_sim.sh BASE.tar OUT.ko
# (vm_image.sh calls it; as tests/system/build.sh, which does the same for Debian 12's kernel, says more about)
set -euo pipefail
base=$1 out=$2
tree=$(mktemp -d)
cleanup() { umount "$tree/proc" 2>/dev/null || true; rm -rf "$tree"; }
trap cleanup EXIT
tar -C "$tree" -xf "$base"
cp /etc/resolv.conf "$tree/etc/resolv.conf"
[ ! -f /etc/apt/apt.conf ] || cp /etc/apt/apt.conf "$tree/etc/apt/apt.conf"
mount -t proc proc "$tree/proc"
in_tree() { chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
abi=$(cd "$tree/lib/modules" && echo *)
version=$(in_tree dpkg-query -W -f='${source:Version}' "linux-image-$abi")
series=$(echo "$version" | grep -o '^[0-9]*\.[0-9]*')
in_tree apt-get update -qq
in_tree apt-get install -y -qq --no-install-recommends "linux-headers-$abi" gcc make xz-utils >"$tree/log" 2>&1 || { tail -n 20 "$tree/log" >&2; exit 1; }
in_tree sh -c "cd /tmp && apt-get download -qq linux-source-$series" >"$tree/log" 2>&1 || { tail -n 20 "$tree/log" >&2; exit 1; }
module=$tree/module
mkdir "$module"
dpkg-deb --fsys-tarfile "$tree/tmp/linux-source-${series}_"*.deb | tar -xO "./usr/src/linux-source-$series.tar.xz" |
  tar -xJ -C "$module" --strip-components=1 --wildcards "linux-source-$series/drivers/gpio/gpio-sim.c" \
    "linux-source-$series/drivers/gpio/*.h" "linux-source-$series/kernel/irq/irq_sim.c"
mv "$module/drivers/gpio/gpio-sim.c" "$module/gpio-sim-main.c"
mv "$module"/drivers/gpio/*.h "$module/"
sed 's/irq_to_desc(irqnum)/irq_data_to_desc(irq_get_irq_data(irqnum))/' "$module/kernel/irq/irq_sim.c" >"$module/irq_sim.c"
rm -r "$module/drivers" "$module/kernel"
printf 'obj-m := gpio-sim.o\ngpio-sim-y := gpio-sim-main.o irq_sim.o\n' >"$module/Kbuild"
in_tree make -s -C "/usr/src/linux-headers-$abi" M=/module modules >"$tree/log" 2>&1 || { tail -n 20 "$tree/log" >&2; exit 1; }
in_tree strip --strip-debug /module/gpio-sim.ko
cp "$module/gpio-sim.ko" "$out"
