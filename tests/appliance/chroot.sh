#!/bin/bash
# The package in a clean Debian 13: installed, looked at, upgraded with data, rolled back from a failing migration,
# purged.   Usage: chroot.sh ARCHITECTURE WORK     (root; run.sh calls it)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
arch=$1
work=$2
root=$work/root-$arch
export LC_ALL=C.UTF-8
failed=0
ok() { echo "  ok    $*"; }
bad() { echo "  FAIL  $*"; failed=1; }
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
check() { local what=$1; shift; if "$@" >"$work/out-$arch" 2>&1; then ok "$what"; else bad "$what"; tail -n 15 "$work/out-$arch"; fi; }
says() { # WHAT PATTERN COMMAND...: the command prints PATTERN, whatever its exit code
  local what=$1 pattern=$2; shift 2
  "$@" >"$work/out-$arch" 2>&1 || true
  if grep -qE "$pattern" "$work/out-$arch"; then ok "$what"; else bad "$what"; tail -n 15 "$work/out-$arch"; fi; }
cleanup() { for m in proc sys dev/pts; do umount "$root/$m" 2>/dev/null || true; done; }
trap cleanup EXIT
if [ "$arch" != "$(dpkg --print-architecture)" ] && ! ls /proc/sys/fs/binfmt_misc/qemu-aarch64 >/dev/null 2>&1; then
  # What Debian's qemu-user-static registers through binfmt-support, for a machine where nobody did: ELF, 64 bit, AArch64.
  mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
  printf '%s' ':qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:OCF' \
    >/proc/sys/fs/binfmt_misc/register
fi

base=$work/base-$arch.tar
if [ ! -f "$base" ]; then
  # The machine's own package source serves Debian 13 as well.
  uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Identifier: Packages' 'Origin: Debian' |
    awk '$2 ~ /^(bookworm|trixie)$/ { print $1; exit }')
  mmdebstrap --quiet --variant=minbase --architectures="$arch" --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    trixie "$base" "deb $uri trixie main"
fi
# REUSE=1: the root of the run before, with the dependencies it has already.
cleanup  # what a run that was killed left mounted
[ -n "${REUSE:-}" ] && [ -d "$root/usr" ] || { rm -rf --one-file-system "$root"; mkdir -p "$root"; tar -C "$root" -xf "$base"; }
cp /etc/resolv.conf "$root/etc/resolv.conf"
[ ! -f /etc/apt/apt.conf ] || cp /etc/apt/apt.conf "$root/etc/apt/apt.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"; chmod 755 "$root/usr/sbin/policy-rc.d"
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/a-test"  # no power is cut here, and each fsync costs
mount -t proc proc "$root/proc"; mount -t sysfs sys "$root/sys"; mount -t devpts devpts "$root/dev/pts"

old=$work/retrowalk_0.1.1_$arch.deb new=$work/retrowalk_0.1.2_$arch.deb
broken=$work/retrowalk_0.1.3_$arch.deb good=$work/retrowalk_0.1.4_$arch.deb
"$here/packages.sh" "$arch" "$work"

echo "== $arch: install ($(stat -c %s "$old" | awk '{printf "%.1f MB", $1 / 1e6}'))"
in_root apt-get update -qq
cp "$old" "$root/old.deb"
in_root apt-get install -y -q --download-only /old.deb >/dev/null 2>&1 || true
begin=$(date +%s.%N)
check "installs with Debian's packages alone" in_root apt-get install -y -q /old.deb
awk -v a="$begin" -v b="$(date +%s.%N)" 'BEGIN { printf "  install time %.0f s, packages fetched before (apt, all dependencies, byte-compiling)\n", b - a }'
begin=$(date +%s.%N)
check "the package alone, again" in_root apt-get install -y -q --reinstall /old.deb
awk -v a="$begin" -v b="$(date +%s.%N)" 'BEGIN { printf "  install time %.0f s, the package alone\n", b - a }'

echo "== $arch: what is installed"
says "retrowalk --version" '^retrowalk 0\.1\.1$' in_root retrowalk --version
check "retrowalk programs verify" in_root retrowalk programs verify
says "retrowalk doctor says what to do without a configuration" 'retrowalk setup' in_root retrowalk doctor
says "retrowalk demo is one sentence" 'not part of the appliance' in_root retrowalk demo
says "retrowalk treadmill is one sentence" 'not part of the appliance' in_root retrowalk treadmill list
for process in guard belt stopper kiosk; do
  check "retrowalk-$process starts (--help)" in_root "/opt/retrowalk/bin/retrowalk-$process" --help
done
says "lgpio on this Python, whoever brings it" '^can not open gpiochip' in_root /usr/bin/python3 -sP -c '
import os, sys; os.chdir("/tmp"); sys.path[0:0] = ["/opt/retrowalk/app", "/opt/retrowalk/lib"]; sys.path.append("/opt/retrowalk/lgpio")
import lgpio, gpiozero.pins.lgpio
try: lgpio.gpiochip_open(77)
except lgpio.error as error: print(str(error).strip(chr(39)))'
says "pygame draws with KMSDRM" 'kmsdrm' in_root /usr/bin/python3 -c '
import ctypes
sdl = ctypes.CDLL("libSDL2-2.0.so.0"); sdl.SDL_GetVideoDriver.restype = ctypes.c_char_p
print([sdl.SDL_GetVideoDriver(n).decode().lower() for n in range(sdl.SDL_GetNumVideoDrivers())])'

units="guard belt stopper kiosk ask stick@sda1 update-check update update-undo"
for unit in $units; do
  if says=$(in_root systemd-analyze verify "retrowalk-$unit.service" 2>&1) && [ -z "$says" ]; then ok "systemd-analyze verify retrowalk-$unit"; else
    bad "systemd-analyze verify retrowalk-$unit"; echo "$says" | head -n 5; fi
  score=$(in_root systemd-analyze security --offline=yes --no-pager "retrowalk-$unit.service" 2>/dev/null | sed -n 's/.*: \([0-9.]*\) .*/\1/p' | tail -n 1)
  if awk -v s="$score" 'BEGIN { exit !(s != "" && s <= 3.0) }'; then ok "systemd-analyze security retrowalk-$unit $score"; else
    bad "systemd-analyze security retrowalk-$unit $score (at most 3.0)"; fi
done
check "udevadm verify 99-retrowalk.rules" in_root udevadm verify /usr/lib/udev/rules.d/99-retrowalk.rules

echo "== $arch: upgrade with data"
printf 'gym_name = "Harbour Gym"\n' >"$root/answers.toml"
enabled=$root/etc/systemd/system/multi-user.target.wants/retrowalk.target
[ ! -L "$enabled" ] && ok "the kiosk does not take the console before it is set up" || bad "the kiosk does not take the console before it is set up"
check "retrowalk setup --answers" in_root retrowalk setup --answers /answers.toml
[ -L "$enabled" ] && ok "setup has it started at each boot" || bad "setup has it started at each boot"
check "root adds the owner, before any record is there" in_root sh -c 'echo 482913 | retrowalk staff add Owner --role owner --pin-stdin'
says "and the record that this made is the kiosk's" '^retrowalk retrowalk$' in_root stat -c '%U %G' /var/lib/retrowalk/retrowalk.db
says "doctor as a user without rights asks for sudo, without a traceback" 'sudo' in_root runuser -u nobody -- retrowalk doctor
says "setup as a user without rights asks for sudo" 'put sudo' in_root runuser -u nobody -- retrowalk setup --answers /answers.toml
says "a private key is not trusted" 'is the private key' in_root sh -c 'openssl genpkey -algorithm ed25519 -out /k.pem && retrowalk update trust /k.pem'
says "a kiosk without a display says so in a sentence, and does not crash until the machine reboots" '^The display cannot be used' \
  in_root runuser -u retrowalk -- env SDL_VIDEODRIVER=kmsdrm SDL_AUDIODRIVER=dummy /opt/retrowalk/bin/retrowalk-kiosk \
  --config /etc/retrowalk/retrowalk.toml --runtime /run/retrowalk
rm -f "$root/run/retrowalk/told"
says "the kiosk draws its first frame, without a display" '^READY=1 after' in_root runuser -u retrowalk -- /usr/bin/python3 -sP -c '
import os, socket, subprocess, time
told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); told.bind("/run/retrowalk/told"); told.settimeout(600)
begin = time.monotonic()
kiosk = subprocess.Popen(
    ["/opt/retrowalk/bin/retrowalk-kiosk", "--config", "/etc/retrowalk/retrowalk.toml", "--runtime", "/run/retrowalk", "--headless"],
    env={**os.environ, "NOTIFY_SOCKET": "/run/retrowalk/told"})
try: print(told.recv(200).decode().split()[0], f"after {time.monotonic() - begin:.1f} s")
finally: kiosk.terminate(); kiosk.wait(); os.unlink("/run/retrowalk/told")'
grep READY "$work/out-$arch" | sed 's/^/  /' || true
if [ "$arch" = "$(dpkg --print-architecture)" ]; then  # in real time: not where it is emulated
  cp -r "$project/hardware/simulated" "$root/opt/retrowalk/app/hardware/"
  cp "$here/walking.py" "$root/walking.py"
  says "somebody walks" '^walking: ' in_root /usr/bin/python3 -s /walking.py /tmp/walking
  grep '^walking' "$work/out-$arch" | sed 's/^/  memory /' || true
  rm -rf "$root/opt/retrowalk/app/hardware/simulated" "$root/walking.py" "$root/tmp/walking"
fi
rm -f "$root"/var/lib/retrowalk/retrowalk.db*
record() { in_root runuser -u retrowalk -- /usr/bin/python3 -sP -c "
import sys; sys.path[0:0] = ['/opt/retrowalk/app', '/opt/retrowalk/lib']
$1"; }
check "a record of the schema before, with a member" record '
from pathlib import Path
from kiosk.store import database as d
from kiosk.store.commands import for_command
from kiosk.store.moment import Moment
was = d.SCHEMA; before = f"{int(was) - 1:04d}"
import alembic.command as c
real = c.upgrade; c.upgrade = lambda config, to: real(config, before); d.SCHEMA = before
with for_command(Path("/var/lib/retrowalk"), Moment(1.0, 1_780_000_000_000), create=True) as connection:
    from sqlalchemy import text
    columns = [row[1] for row in connection.execute(text("PRAGMA table_info(member)"))]
    needed = {row[1]: (row[2], row[3], row[4]) for row in connection.execute(text("PRAGMA table_info(member)"))}
    values = {"id": "01900000-0000-7000-8000-000000000001", "code": "417926"}
    for name, (kind, notnull, default) in needed.items():
        if name not in values and notnull and default is None:
            values[name] = 1_780_000_000_000 if name.endswith("_ms") else 0 if "INT" in kind.upper() or "BOOL" in kind.upper() else "x"
    connection.execute(text(f"INSERT INTO member ({chr(44).join(values)}) VALUES ({chr(44).join(chr(58) + k for k in values)})"), values)
'
schema() { record 'import sqlite3; c = sqlite3.connect("/var/lib/retrowalk/retrowalk.db"); print(*c.execute("select version_num from alembic_version").fetchone(), *c.execute("select count(*) from member").fetchone())'; }
before=$(schema || true)
cp "$new" "$root/new.deb"
check "upgrade 0.1.1 to 0.1.2" in_root dpkg -i /new.deb
after=$(schema || true)
echo "  schema and members: $before -> $after"
if [ "${before% *}" != "${after% *}" ] && [ "${after#* }" = 1 ]; then ok "migrated, the member is there"; else bad "migrated, the member is there"; fi
says "the backup from before" 'before-0-1-1\.db$' ls "$root/var/lib/retrowalk/backups"
says "the configuration is kept" 'Harbour Gym' cat "$root/etc/retrowalk/retrowalk.toml"

echo "== $arch: a signed update, and one that fails"
stick=$work/stick-$arch; rm -rf "$stick" "$work/key-$arch.pem" "$work/key-$arch.pub"; mkdir -p "$stick"
python3 "$project/deploy/sign_update.py" --new-key "$work/key-$arch.pem" >/dev/null
cp "$work/key-$arch.pub" "$root/key.pub"
says "without a key nothing is installed" 'no key to check' in_root retrowalk update apply /stick
check "retrowalk update trust" in_root retrowalk update trust /key.pub
python3 "$project/deploy/sign_update.py" --key "$work/key-$arch.pem" --out "$stick" "$broken" >/dev/null
rm -rf "$root/stick"; cp -r "$stick" "$root/stick"
says "a migration that fails is taken back" 'Version 0\.1\.3 was taken back, 0\.1\.2 runs again' in_root retrowalk update apply /stick
cat "$work/out-$arch"
says "0.1.2 is installed again, whole" '^ii .*0\.1\.2' in_root dpkg -l retrowalk
if [ "$(schema || true)" = "$after" ]; then ok "the record is as it was, and can be read"; else bad "the record is as it was"; fi
python3 "$project/deploy/sign_update.py" --key "$work/key-$arch.pem" --out "$stick" "$good" >/dev/null
rm -rf "$root/stick"; cp -r "$stick" "$root/stick"
printf 'x' >>"$root/stick/retrowalk-update/manifest.json"
says "a changed manifest is refused" 'signature does not fit' in_root retrowalk update apply /stick
rm -rf "$root/stick"; cp -r "$stick" "$root/stick"
says "a good one is installed" 'Version 0\.1\.4 is installed' in_root retrowalk update apply /stick
says "the same once more is refused" 'installed already' in_root retrowalk update apply /stick

echo "== $arch: purge"
says "a purge without a terminal keeps the record" 'Kept /var/lib/retrowalk' in_root dpkg --purge retrowalk
[ -f "$root/var/lib/retrowalk/retrowalk.db" ] && ok "the record is there" || bad "the record is there"
in_root dpkg -i /new.deb >/dev/null 2>&1 || true
says "a purge by hand asks" 'Delete the record' in_root script -qec "sh -c 'echo y | true; dpkg --purge retrowalk'" /dev/null <<<"y"
[ ! -e "$root/var/lib/retrowalk" ] && ok "and a yes deletes it" || bad "and a yes deletes it"
[ ! -L "$enabled" ] && ok "nothing is started at boot any more" || bad "nothing is started at boot any more"
[ ! -e "$root/opt/retrowalk" ] && ok "nothing is left in /opt" || { bad "nothing is left in /opt"; find "$root/opt/retrowalk" | head; }
exit $failed
