# The same kiosk under Wayland, by the drop-in that the package brings as an example (deploy/wayland.conf).
there=/run/systemd/system/retrowalk-kiosk.service.d
install -D -m 644 /opt/test/wayland.conf $there/wayland.conf
# No card: cage is told that software will do.
printf '[Service]\nEnvironment=WLR_RENDERER_ALLOW_SOFTWARE=1\n' >$there/without-a-card.conf
systemctl daemon-reload
systemctl stop retrowalk-kiosk
systemctl start seatd
systemctl start --no-block retrowalk-kiosk
check "the kiosk draws under cage" until_true 400 active kiosk
says "cage is what the unit runs" cage cat "/proc/$(pid_of kiosk)/comm"
sleep 15
host picture attract-wayland
rm $there/wayland.conf $there/without-a-card.conf
systemctl daemon-reload
