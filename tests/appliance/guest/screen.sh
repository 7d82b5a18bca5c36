# What is on the screen, what it takes, and what a person with a keyboard can do.
sleep 10
for u in guard belt; do journalctl -b --no-pager -o cat -n 4 -u "retrowalk-$u" | sed "s/^/    $u: /" | cut -c1-300; done
host picture attract
memory idle
for u in guard belt stopper kiosk; do
  echo "  $(systemd-analyze security --no-pager "retrowalk-$u.service" 2>/dev/null | tail -n 1 | sed 's/^[^A-Za-z]*//')"
done
echo "  vt $(cat /sys/class/tty/tty0/active), sysrq $(cat /proc/sys/kernel/sysrq), consoleblank $(cat /sys/module/kernel/parameters/consoleblank)"
was=$(pid_of kiosk)
host keys
sleep 10
if [ "$(cat /sys/class/tty/tty0/active)" = tty1 ] && active kiosk && [ "$(pid_of kiosk)" = "$was" ]; then
  ok "no key leads away: tty1, the same kiosk"
else bad "a key led away: $(cat /sys/class/tty/tty0/active), kiosk $(pid_of kiosk), was $was"; fi
host picture attract-after-keys
