# The same kiosk under Wayland, by the drop-in that the package brings as an example (deploy/wayland.conf).
there=/run/systemd/system/retrowalk-kiosk.service.d
install -D -m 644 /opt/test/wayland.conf $there/wayland.conf
# There is no card: cage draws without OpenGL. A screen that never comes reboots a kiosk; here it is to be read about.
printf '[Unit]\nStartLimitAction=none\n[Service]\nEnvironment=WLR_RENDERER=pixman\n' >$there/without-a-card.conf
systemctl daemon-reload
systemctl stop retrowalk-kiosk
systemctl start seatd
systemctl start --no-block retrowalk-kiosk
check "the kiosk draws under cage" until_true 200 active kiosk
active kiosk || journalctl -b --no-pager -o cat -u retrowalk-kiosk -u seatd | tail -n 40 | cut -c1-300 | sed 's/^/    /'
says "cage is what the unit runs" cage cat "/proc/$(pid_of kiosk)/comm"
sleep 15
host picture attract-wayland
rm $there/wayland.conf $there/without-a-card.conf
systemctl daemon-reload
