# A whole walk up to the screen where one walks, by the autopilot; clip and permit are GPIO lines.
mkdir -p /run/systemd/system/retrowalk-kiosk.service.d
printf '[Service]\nExecStart=\nExecStart=/opt/retrowalk/bin/retrowalk-kiosk --config /etc/retrowalk/retrowalk.toml --runtime /run/retrowalk --autopilot\n' >/run/systemd/system/retrowalk-kiosk.service.d/walk.conf
sed -i 's/^width_px.*/width_px = 800/; s/^height_px.*/height_px = 480/; s/^width_mm.*/width_mm = 154.1/' /etc/retrowalk/retrowalk.toml
systemctl daemon-reload
systemctl restart --no-block retrowalk-kiosk
on_screen() { journalctl -b -u retrowalk-kiosk -n 1 -o cat | grep -qE "\"screen\": ?\"$1\""; }
check "the autopilot gets to the walk" until_true 400 on_screen walk
sleep 15
echo "  $(journalctl -b -u retrowalk-kiosk -n 1 -o cat)"
memory walking
host picture walk
