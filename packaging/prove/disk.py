"""disk.py FOLDER: a disk that can lose its power, as the file FOLDER/seen/disk.

What was written since the last flush is only promised. The command `cut SEED` on standard input takes
the power: of what was promised some writes are kept, some are lost and some are torn at a sector, by
the seed; all writes from then on go nowhere. FOLDER/durable is then what a new start finds. `lie` makes
it a disk that answers flushes and does nothing, which no program survives: the proof must notice."""

import os
import random
import stat
import sys
import threading
import time

from fusepy import FUSE, FuseOSError, Operations  # Debian: python3-fusepy

SECTOR = 512


class Disk(Operations):
    def __init__(self, folder):
        self.durable = os.open(f"{folder}/durable", os.O_RDWR)
        self.current = os.open(f"{folder}/current", os.O_RDWR)
        self.size = os.fstat(self.durable).st_size
        self.pending, self.flushes, self.is_cut, self.lies = [], 0, False, False
        self.guard = threading.Lock()

    def getattr(self, path, fh=None):
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2}
        if path != "/disk":
            raise FuseOSError(2)
        return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": self.size}

    def readdir(self, path, fh):
        return [".", "..", "disk"]

    def open(self, path, flags):
        return 1

    def read(self, path, size, offset, fh):
        return os.pread(self.current, size, offset)

    def write(self, path, data, offset, fh):
        with self.guard:
            if not self.is_cut:
                os.pwrite(self.current, data, offset)
                self.pending.append((offset, data))
        return len(data)

    def fsync(self, path, datasync, fh):
        with self.guard:
            self.flushes += 1
            if not self.is_cut and not self.lies:
                for offset, data in self.pending:
                    os.pwrite(self.durable, data, offset)
                self.pending.clear()
        return 0

    def cut(self, seed):
        """Takes the power; how many writes were kept, torn and lost."""
        chance = random.Random(seed)
        with self.guard:
            self.is_cut = True
            kept = torn = lost = 0
            keep = chance.choice([0.0, 0.5, 0.5, 0.9, 1.0])
            for offset, data in chance.sample(self.pending, len(self.pending)):
                if chance.random() < keep:
                    os.pwrite(self.durable, data, offset)
                    kept += 1
                elif chance.random() < 0.2:
                    sectors = [at for at in range(0, len(data), SECTOR) if chance.random() < 0.5]
                    for at in sectors:
                        os.pwrite(self.durable, data[at:at + SECTOR], offset + at)
                    torn += 1
                else:
                    lost += 1
        return f"after {self.flushes} flushes, of the writes since: {kept} kept, {torn} torn, {lost} lost"


def obey(disk):
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "cut":
            print(disk.cut(int(rest[0])), flush=True)
        elif word == "lie":
            disk.lies = True
            print("lying", flush=True)
    os._exit(0)


if __name__ == "__main__":
    where = sys.argv[1]
    the_disk = Disk(where)
    threading.Thread(target=obey, args=(the_disk,), daemon=True).start()
    FUSE(the_disk, f"{where}/seen", foreground=True, nothreads=False, big_writes=True, max_read=131072)
