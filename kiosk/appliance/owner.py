"""What root makes in the appliance's data directory is the kiosk's, whose user could not write to it otherwise.

Technicians put sudo before every command, and the first of them may make the record.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path


def hand_over(directory: Path) -> int:
    """Give what root owns below *directory* to the owner of *directory*; how many files and folders that were.

    Only root can. Links are neither followed nor given away, nor is a file that has a second name elsewhere: the
    kiosk's user can write here, and must not be handed what is not of here.
    """
    if os.geteuid() != 0 or not directory.is_dir():
        return 0
    owner = directory.stat()
    if owner.st_uid == 0:
        return 0
    given = 0
    for _, folders, files, here in os.fwalk(directory):
        for name in (*folders, *files):
            with contextlib.suppress(FileNotFoundError):  # a journal of the record's, gone meanwhile
                found = os.stat(name, dir_fd=here, follow_symlinks=False)
                plain = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
                if found.st_uid == 0 and plain:
                    os.chown(name, owner.st_uid, owner.st_gid, dir_fd=here, follow_symlinks=False)
                    given += 1
    return given
