# A whole walk up to the screen where one walks, by the autopilot; clip and permit are GPIO lines.
mkdir -p /run/systemd/system/retrowalk-kiosk.service.d
cat >/run/systemd/system/retrowalk-kiosk.service.d/walk.conf <<'END'
[Service]
ExecStart=
ExecStart=/opt/retrowalk/bin/retrowalk-kiosk --config /etc/retrowalk/retrowalk.toml --runtime /run/retrowalk --autopilot
StandardOutput=file:/run/walk.log
END
sed -i 's/^width_px.*/width_px = 800/; s/^height_px.*/height_px = 480/; s/^width_mm.*/width_mm = 154.1/' /etc/retrowalk/retrowalk.toml
systemctl daemon-reload
systemctl restart --no-block retrowalk-kiosk
over() { tail -n 1 /run/walk.log | grep -qE '"screen": ?"(walk|out_of_service|talk_to_staff|safety_stop|why_stopped)"'; }
until_true 300 over || true
says "the autopilot gets to the walk" '"screen": ?"walk"' tail -n 1 /run/walk.log
if ! grep -qE '"screen": ?"walk"' /run/walk.log; then
  uniq /run/walk.log | tail -n 20
  sleep 15  # the box is closed after the stop
  runuser -u retrowalk -- retrowalk blackbox show last --data /var/lib/retrowalk | tail -n 45 | cut -c1-200
fi
sleep 15
echo "  $(tail -n 1 /run/walk.log)"
memory walking
host picture walk
