# USB sticks: mounted by our units, found by the kiosk, written to, let go; pulled while it writes; one with an update.
mounted() { findmnt -n "/run/media/retrowalk/$1"; }
gone() { ! findmnt -n "/run/media/retrowalk/$1"; }
host plug gym
check "a stick is mounted by itself" until_true 120 mounted GYM
echo "  $(findmnt -n -o SOURCE,FSTYPE,OPTIONS /run/media/retrowalk/GYM)"
for option in nosuid nodev noexec nosymfollow sync; do
  says "mounted $option" "(^|,)$option(,|$)" findmnt -n -o OPTIONS /run/media/retrowalk/GYM
done
says "the kiosk finds it" '^found /run/media/retrowalk/GYM$' as_kiosk python3 -s /host/guest/stick_use.py find
as_kiosk sh -c 'printf "#!/bin/sh\necho ran\n" >/run/media/retrowalk/GYM/program; chmod 755 /run/media/retrowalk/GYM/program' || true
says "a program on it does not run" 'denied' as_kiosk /run/media/retrowalk/GYM/program
check "an export by the page's own hands" as_kiosk python3 -s /host/guest/stick_use.py write export.csv
says "an export from the shell" 'SHA-256: [0-9a-f]{64}' as_kiosk retrowalk export /run/media/retrowalk/GYM/retrowalk
check "each checksum beside its file fits" as_kiosk sh -c 'cd /run/media/retrowalk/GYM/retrowalk && ls && sha256sum -c *.sha256'
host pull gym
check "pulled after that, its mount ends by itself" until_true 60 gone GYM
host plug gym
check "put in again, it is mounted again" until_true 120 mounted GYM
as_kiosk python3 -s /host/guest/stick_use.py until-pulled >/tmp/pulled 2>&1 &
writer=$!
until_true 60 grep -q writing /tmp/pulled || true
sleep 3
host pull gym
if wait $writer && [ -n "$(tail -n +3 /tmp/pulled)" ]; then ok "pulled while it was written to, the page says: $(tail -n 1 /tmp/pulled)"; else bad "pulled while it was written to"; tail -n 5 /tmp/pulled; fi
check "and its mount has gone" until_true 60 gone GYM
says "no stick is found then" 'no stick is found' as_kiosk python3 -s /host/guest/stick_use.py find
check "the kiosk goes on" active kiosk
journalctl -b --no-pager -o cat -u 'retrowalk-stick@*' | grep -v systemd | sed 's/^/    /'
