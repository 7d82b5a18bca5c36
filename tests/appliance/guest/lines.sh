# Clip, buttons, permit and alarm as real GPIO lines, by the lgpio that the package carries.
check "the group gpio has the device" test "$(stat -c %G /dev/gpiochip0)" = gpio
says "the guard has the chip open" gpiochip ls -l "/proc/$(pid_of guard)/fd"
says "by the library that the package carries" '/opt/retrowalk/lgpio/lg-carrier' cat "/proc/$(pid_of guard)/maps"
echo "  $(python3 --version), kernel $(uname -r)"
check "the guard's unit sees clip, red and amber button move" runuser -u retrowalk -- env PYTHONPATH=$ours python3 -s /host/guest/seat.py
sed 's/^/    /' /tmp/out
journalctl -b --no-pager -o cat -n 5 -u retrowalk-guard | cut -c1-300 | sed 's/^/    guard: /'
systemctl stop retrowalk-guard
check "retrowalk guard --check works permit and alarm" retrowalk guard --check --config /etc/retrowalk/retrowalk.toml --runtime /run/retrowalk
sed 's/^/    /' /tmp/out
systemctl start retrowalk-guard
check "the guard starts again after them" until_true 120 active guard
