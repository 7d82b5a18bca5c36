#!/bin/bash
# The package in four versions, for upgrades and what goes wrong in them: 0.1.1; 0.1.2 and 0.1.4 are the same once more;
# 0.1.3 has a migration that fails.   Usage: packages.sh ARCHITECTURE WORK   (chroot.sh and vm_image.sh call it)
set -euo pipefail
project=$(cd "$(dirname "$0")/../.." && pwd)
arch=$1 work=$2
named() { echo "$work/retrowalk_$1_$arch.deb"; }
again() { # VERSION [EDIT]: 0.1.1 under another version, after EDIT in its tree
  [ -f "$(named "$1")" ] && return
  local tree; tree=$(mktemp -d)
  dpkg-deb -R "$(named 0.1.1)" "$tree"
  sed -i "s/^Version: .*/Version: $1/" "$tree/DEBIAN/control"
  mv "$tree"/opt/retrowalk/lib/retrowalk-*.dist-info "$tree/opt/retrowalk/lib/retrowalk-$1.dist-info"
  sed -i "s/^Version: .*/Version: $1/" "$tree/opt/retrowalk/lib/retrowalk-$1.dist-info/METADATA"
  [ -z "${2:-}" ] || (cd "$tree" && eval "$2")
  dpkg-deb --root-owner-group -Zgzip -z1 -b "$tree" "$(named "$1")" >/dev/null
  rm -rf "$tree"
}
[ -f "$(named 0.1.1)" ] || VERSION=0.1.1 COMPRESS=gzip "$project/deploy/build_deb.sh" "$arch" "$work"
again 0.1.2
# A migration that fails halfway: it has already changed a table when it stops.
# shellcheck disable=SC2016
again 0.1.3 'cd opt/retrowalk/app/kiosk/store; was=$(sed -n "s/^SCHEMA: Final = \"\(....\)\".*/\1/p" database.py)
  sed -i "s/^SCHEMA: Final = .*/SCHEMA: Final = \"9999\"/" database.py
  printf "from alembic import op\nrevision = \"9999\"\ndown_revision = \"%s\"\nbranch_labels = None\ndepends_on = None\n\n\ndef upgrade() -> None:\n    op.execute(\"DELETE FROM member\")\n    op.execute(\"SELECT nothing FROM nowhere\")\n" "$was" >migrations/versions/v9999_fails.py'
again 0.1.4
