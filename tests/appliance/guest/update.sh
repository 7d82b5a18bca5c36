# A signed update from a stick under a running systemd, asked for by the kiosk's user; then one that fails.
answered() { grep -q '"done":true' "/run/retrowalk-answer/$1.json"; }
ask() { rm -f "/run/retrowalk-answer/$1.json"; runuser -u retrowalk -- touch "/run/retrowalk-ask/$1"; until_true "$2" answered "$1"; cat "/run/retrowalk-answer/$1.json"; }
member() { runuser -u retrowalk -- env PYTHONPATH=$ours python3 -s -c 'import sqlite3; c = sqlite3.connect("/var/lib/retrowalk/retrowalk.db"); print(*c.execute("select version_num from alembic_version").fetchone(), *c.execute("select count(*) from staff").fetchone())'; }
before=$(member)
host plug good
check "its stick is there" until_true 120 test -e /dev/disk/by-label/UPDATE
sleep 5
says "asked for, it is found and checked" 'Version 0\.1\.2 is on the stick' ask update-check 120
begin=$(mono)
says "asked for, it is installed" 'Version 0\.1\.2 is installed' ask update 900
echo "  from asking to the new version running: $(awk -v a="$begin" -v b="$(mono)" 'BEGIN { printf "%.0f s (emulated)", b - a }')"
check "guard, belt, stopper and kiosk run" all_active
host pull good
until_true 60 sh -c '! test -e /dev/disk/by-label/UPDATE' || true
host plug broken
check "the next stick is there" until_true 120 test -e /dev/disk/by-label/UPDATE
sleep 5
begin=$(mono)
says "one whose migration fails is taken back" 'Version 0\.1\.3 was taken back, 0\.1\.2 runs again' ask update 900
echo "  from asking to the old version running: $(awk -v a="$begin" -v b="$(mono)" 'BEGIN { printf "%.0f s (emulated)", b - a }')"
says "0.1.2 is installed, whole" '^ii .*0\.1\.2' dpkg -l retrowalk
if [ "$(member)" = "$before" ]; then ok "the record is as it was: schema and staff $before"; else bad "the record: $(member), was $before"; fi
check "guard, belt, stopper and kiosk run" until_true 300 all_active
sleep 10
host picture attract-after-update
